"""Presets as files: taken along with their base images, and taken in from another studio."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.errors import BadDocument, InputError, StudioError
from studio.imaging.limits import open_png
from studio.library.catalogue import Catalogue
from studio.messages import Message, message
from studio.recipes.canvas import BaseImage
from studio.recipes.package import Package, PackedBase, read_package
from studio.recipes.planning import named_models
from studio.recipes.preset import Preset, PresetVersion
from studio.recipes.recipe import ModelKind, ModelRef
from studio.service.stamping import with_hashes
from studio.store.base_images import BaseImageStore
from studio.store.presets import PresetStore


@dataclass(frozen=True)
class TakenIn:
    """What an import brought: the saved version, base images that are new here, and what is missing
    with the remedy."""

    version: PresetVersion
    base_images: tuple[str, ...]
    missing: tuple[Message, ...]


@dataclass(frozen=True)
class Packaging:
    presets: PresetStore
    bases: BaseImageStore
    catalogue: Catalogue

    def export(self, slug: str, number: int | None, with_bases: bool) -> str:
        """A preset file as JSON. Raises NotFound."""
        preset = self.presets.version(slug, number).preset
        if not with_bases:
            return preset.to_json()
        bases: Sequence[BaseImage] = [
            self.bases.get(each) for each in preset.base_images
        ] or self.bases.all()
        packed = tuple(PackedBase(image=base, png=self.bases.png(base)) for base in bases)
        return Package(preset=preset, base_images=packed).to_json()

    def take_in(self, data: bytes, name: str, author: str = "") -> TakenIn:
        """Saves the preset of a file as the next version of its slug, its base images where they
        are new. Nothing is saved unless all of it holds.

        Raises BadDocument for a file that does not hold, InputError when a base image of its own
        would replace another of the same id.
        """
        package = read_package(data, message("theme.file", name=name))
        try:
            models = named_models(package.preset)
        except InputError as error:
            raise BadDocument("theme.file_invalid", name=name, reason=error.message) from None
        new = [packed for packed in package.base_images if self._is_new(packed)]
        for packed in new:
            self.bases.put(
                packed.image, packed.png, position=len(self.bases.all(with_retired=True))
            )
        preset = with_hashes(package.preset, self.catalogue)
        version = self.presets.save(preset, author, note=f"imported from {name}")
        missing = (*self._missing_models(models), *self._missing_bases(preset))
        return TakenIn(version, tuple(packed.image.id for packed in new), missing)

    def _is_new(self, packed: PackedBase) -> bool:
        image = packed.image
        if hashlib.sha256(packed.png).hexdigest() != image.sha256:
            raise BadDocument("theme.file_base_damaged", id=image.id)
        size = open_png(packed.png, message("theme.file_base", id=image.id)).size
        if size != (image.width, image.height):
            raise BadDocument("theme.file_base_wrong_size", id=image.id)
        here = next(
            (each for each in self.bases.all(with_retired=True) if each.id == image.id), None
        )
        if here is not None and here.sha256 != image.sha256:
            raise InputError("theme.file_base_conflict", id=image.id)
        return here is None

    def _missing_models(self, named: Sequence[tuple[ModelKind, ModelRef]]) -> Iterator[Message]:
        """Why each model that cannot be used as the file has it cannot, with how to get it."""
        for kind, ref in named:
            try:
                self.catalogue.find(kind, ref)
            except StudioError as error:
                yield error.message

    def _missing_bases(self, preset: Preset) -> Iterator[Message]:
        """Each base image that is not here; the store is asked once, however many are named."""
        here = {image.id for image in self.bases.all(with_retired=True)}
        for each in preset.base_images:
            if each not in here:
                yield message("image.base_missing_in_file", id=each)
