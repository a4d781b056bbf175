"""Presets as files: taken along with their base images, and taken in from another studio."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.errors import InvalidDocumentError, InvalidInputError, StudioError
from studio.imaging.png_io import decode_png
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.planning import list_referenced_models
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.recipes.themes.theme_file import BundledBaseImage, ThemeBundle, parse_theme_file
from studio.services.themes.model_pinning import pin_model_hashes
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore


@dataclass(frozen=True)
class ImportResult:
    """What an import brought: the saved version, base images that are new here, and what is missing
    with the remedy."""

    version: ThemeVersion
    base_images: tuple[str, ...]
    missing: tuple[Message, ...]


@dataclass(frozen=True)
class ThemeImportExport:
    themes: ThemeStore
    base_images: BaseImageStore
    catalog: ModelCatalog

    def export(self, slug: str, number: int | None, with_bases: bool) -> str:
        """A preset file as JSON. Raises NotFound."""
        preset = self.themes.get_version(slug, number).preset
        if not with_bases:
            return preset.to_json()
        bases: Sequence[BaseImage] = [
            self.base_images.get(each) for each in preset.base_images
        ] or self.base_images.list_all()
        packed = tuple(
            BundledBaseImage(image=base, png=self.base_images.read_png(base)) for base in bases
        )
        return ThemeBundle(preset=preset, base_images=packed).to_json()

    def import_theme(self, data: bytes, name: str, author: str = "") -> ImportResult:
        """Saves the preset of a file as the next version of its slug, its base images where they
        are new. Nothing is saved unless all of it holds.

        Raises BadDocument for a file that does not hold, InputError when a base image of its own
        would replace another of the same id.
        """
        package = parse_theme_file(data, message("theme.file", name=name))
        try:
            models = list_referenced_models(package.preset)
        except InvalidInputError as error:
            raise InvalidDocumentError(
                "theme.file_invalid", name=name, reason=error.message
            ) from None
        new = [packed for packed in package.base_images if self._check_bundled_image(packed)]
        for packed in new:
            self.base_images.upsert(
                packed.image, packed.png, position=len(self.base_images.list_all(with_retired=True))
            )
        preset = pin_model_hashes(package.preset, self.catalog)
        version = self.themes.save(preset, author, note=f"imported from {name}")
        missing = (*self._missing_models(models), *self._missing_base_images(preset))
        return ImportResult(version, tuple(packed.image.id for packed in new), missing)

    def _check_bundled_image(self, packed: BundledBaseImage) -> bool:
        image = packed.image
        if hashlib.sha256(packed.png).hexdigest() != image.sha256:
            raise InvalidDocumentError("theme.file_base_damaged", id=image.id)
        size = decode_png(packed.png, message("theme.file_base", id=image.id)).size
        if size != (image.width, image.height):
            raise InvalidDocumentError("theme.file_base_wrong_size", id=image.id)
        here = next(
            (each for each in self.base_images.list_all(with_retired=True) if each.id == image.id),
            None,
        )
        if here is not None and here.sha256 != image.sha256:
            raise InvalidInputError("theme.file_base_conflict", id=image.id)
        return here is None

    def _missing_models(self, named: Sequence[tuple[ModelType, ModelRef]]) -> Iterator[Message]:
        """Why each model that cannot be used as the file has it cannot, with how to get it."""
        for kind, ref in named:
            try:
                self.catalog.get(kind, ref)
            except StudioError as error:
                yield error.message

    def _missing_base_images(self, preset: Preset) -> Iterator[Message]:
        """Each base image that is not here; the store is asked once, however many are named."""
        here = {image.id for image in self.base_images.list_all(with_retired=True)}
        for each in preset.base_images:
            if each not in here:
                yield message("image.base_missing_in_file", id=each)
