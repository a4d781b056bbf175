"""Import and export of themes as files, with their images."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from studio.errors import InvalidDocumentError, InvalidInputError, NotFoundError, StudioError
from studio.imaging.png_io import decode_png
from studio.imaging.zones import decode_zones
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import BaseImage, ControlImage, Sha256, Zones
from studio.recipes.generation.planning import list_referenced_models
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.recipes.themes.preset import SLOTS, Preset, ThemeVersion
from studio.recipes.themes.theme_file import (
    BundledBaseImage,
    ThemeBundle,
    check_file_size,
    parse_theme_file,
)
from studio.services.themes.model_pinning import pin_model_hashes
from studio.services.zones import hash_zones, set_zones
from studio.store.base_images import BaseImageStore
from studio.store.images.files import ImageStore
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class ImportResult:
    """The saved version, the ids of base images that were added, and what is missing with a
    hint."""

    version: ThemeVersion
    base_images: tuple[str, ...]
    missing: tuple[Message, ...]


@dataclass(frozen=True)
class ThemeImportExport:
    """Moves themes between studios."""

    themes: ThemeStore
    base_images: BaseImageStore
    catalog: ModelCatalog
    images: ImageStore

    def export(self, slug: str, number: int | None, with_bases: bool) -> str:
        """A theme version (None: the latest) as a JSON file.

        Raises NotFoundError, and InvalidDocumentError for a file that could not be imported again.
        """
        preset = self.themes.get_version(slug, number).preset
        if not with_bases:
            return preset.to_json()
        bases: Sequence[BaseImage] = [
            self.base_images.get(image_id) for image_id in preset.base_images
        ] or self.base_images.list_all()
        bundled = tuple(
            BundledBaseImage(
                image=base,
                png=self.base_images.read_png(base),
                zones=self.base_images.read_zones(base),
            )
            for base in bases
        )
        text = ThemeBundle(
            preset=preset,
            base_images=bundled,
            control_images=tuple(self._control_images(preset)),
        ).to_json()
        check_file_size(len(text.encode()), message("theme.file", name=slug))
        return text

    def import_theme(self, data: bytes, name: str, author: str = "") -> ImportResult:
        """Saves the preset of a file as the next version of its theme, and the file's new base
        images. A base image that is here and was never given zones gets those of the file.

        `name` is the file's, for errors and the version's note. Nothing is saved unless all of the
        file is valid.

        Raises:
            InvalidDocumentError: the file is invalid.
            InvalidInputError: one of its base images would replace another of the same id.
        """
        bundle = parse_theme_file(data, message("theme.file", name=name))
        try:
            models = list_referenced_models(bundle.preset)
        except InvalidInputError as error:
            raise InvalidDocumentError(
                "theme.file_invalid", name=name, reason=error.message
            ) from None
        new = [bundled for bundled in bundle.base_images if self._check_bundled_image(bundled)]
        for image in bundle.control_images:
            _check_control_image(image)
        for bundled in new:
            position = len(self.base_images.list_all(include_retired=True))
            without_zones = bundled.image.model_copy(update={"zones": None})
            self.base_images.upsert(without_zones, bundled.png, position=position)
        for bundled in bundle.base_images:
            if bundled.image.zones and not self.base_images.get(bundled.image.id).zones:
                set_zones(self.base_images, bundled.image.id, bundled.zones)
        for image in bundle.control_images:
            self.images.write(image.png)
        preset = pin_model_hashes(bundle.preset, self.catalog)
        version = self.themes.save(preset, author, f"imported from {name}")
        missing = (
            *self._missing_models(models),
            *self._missing_base_images(preset),
            *self._missing_control_images(preset),
        )
        return ImportResult(version, tuple(bundled.image.id for bundled in new), missing)

    def _check_bundled_image(self, bundled: BundledBaseImage) -> bool:
        """Whether the base image is new here; raises where it is damaged or conflicts."""
        image = bundled.image
        if hashlib.sha256(bundled.png).hexdigest() != image.sha256:
            raise InvalidDocumentError("theme.file_base_damaged", id=image.id)
        size = decode_png(bundled.png, message("theme.file_base", id=image.id)).size
        if size != (image.width, image.height):
            raise InvalidDocumentError("theme.file_base_wrong_size", id=image.id)
        if hash_zones(bundled.zones) != (image.zones or Zones()):
            raise InvalidDocumentError("theme.file_base_damaged", id=image.id)
        decode_zones(bundled.zones, size)
        stored = {one.id: one for one in self.base_images.list_all(include_retired=True)}
        if image.id in stored and stored[image.id].sha256 != image.sha256:
            raise InvalidInputError("theme.file_base_conflict", id=image.id)
        return image.id not in stored

    def _missing_models(
        self, referenced: Sequence[tuple[ModelType, ModelRef]]
    ) -> Iterator[Message]:
        """Why each model that cannot be used as the file names it cannot, with a hint."""
        for kind, ref in referenced:
            try:
                self.catalog.get(kind, ref)
            except StudioError as error:
                yield error.message

    def _control_images(self, preset: Preset) -> Iterator[ControlImage]:
        """The images of the preset's control units and references that are in the store, each once."""
        for sha256 in _control_image_hashes(preset):
            with suppress(NotFoundError):
                yield ControlImage(sha256=sha256, png=self.images.get(sha256))

    def _missing_control_images(self, preset: Preset) -> Iterator[Message]:
        for sha256 in _control_image_hashes(preset):
            try:
                self.images.get(sha256)
            except NotFoundError as error:
                yield error.message

    def _missing_base_images(self, preset: Preset) -> Iterator[Message]:
        stored_ids = {image.id for image in self.base_images.list_all(include_retired=True)}
        for image_id in preset.base_images:
            if image_id not in stored_ids:
                yield message("image.base_missing_in_file", id=image_id)


def _control_image_hashes(preset: Preset) -> tuple[Sha256, ...]:
    """Of the operators' own images that the preset uses, each once."""
    hashes = (sha256 for slot in SLOTS for sha256 in preset.recipes[slot].control_image_hashes)
    return tuple(dict.fromkeys(hashes))


def _check_control_image(image: ControlImage) -> None:
    """Raises InvalidDocumentError where it is not the image that its hash says, and InvalidImageError
    where it is no PNG."""
    if hashlib.sha256(image.png).hexdigest() != image.sha256:
        raise InvalidDocumentError("theme.file_image_damaged", hash=image.sha256[:10])
    decode_png(image.png, message("image.control_image"))
