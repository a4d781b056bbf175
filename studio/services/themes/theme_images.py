"""The images that stand for a theme: four variants of an operator's run, of the regression suite, or shipped ones."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path

from studio.errors import InvalidInputError, ModelError, NotFoundError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.png_io import decode_doodle, decode_png, encode_png
from studio.messages import Message, message
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import Variant
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.evaluation.evaluation_service import EvaluationService
from studio.services.themes.bundled_content import SampleDoodle
from studio.services.thumbnails import Thumbnail, ThumbnailCache, tagged
from studio.store.base_images import BaseImageStore
from studio.store.variants import VariantStore


@dataclass(frozen=True)
class _Source:
    """A whole image by its SHA-256; `read` gives its file and may raise NotFoundError."""

    sha256: str
    read: Callable[[], bytes]


class ThemeImages:
    """Thumbnails of themes, of the images that a review compares, and of the sample doodles.

    Nothing is rendered. `examples` is the directory of the shipped images: `<slug>-<slot>.webp`.
    """

    def __init__(
        self,
        variants: VariantStore,
        base_images: BaseImageStore,
        evaluations: EvaluationService,
        sample_doodles: Sequence[SampleDoodle],
        thumbnails: ThumbnailCache,
        examples: Path,
    ) -> None:
        self._variants = variants
        self._base_images = base_images
        self._evaluations = evaluations
        self._sample_doodles = sample_doodles
        self._thumbnails = thumbnails
        self._examples = examples
        self._suite_keys_cached = lru_cache(maxsize=64)(self._suite_keys)

    def theme(self, slug: Slug, slot: Slot, size: int, version: int | None = None) -> Thumbnail:
        """The image of one recipe.

        Args:
            slug: the theme.
            slot: of the recipe.
            size: longest side in pixels.
            version: images of this version alone; None: of any, the newest first. Shipped images stand for
                the first.

        Raises NotFoundError where there is none.
        """
        sources = self._sources(slug, version)
        if slot not in sources:
            raise NotFoundError("theme.without_images", theme=slug)
        return self._thumbnail(sources[slot], size)

    def cached(self, key: str, size: int) -> Thumbnail:
        """An image of the render cache by its key. Raises NotFoundError."""
        read = partial(self._evaluations.costs.cache.read, key)
        return self._thumbnails.get_tagged(key, size, read)

    def doodle(self, name: str, size: int) -> Thumbnail:
        """A sample doodle on the base image it was drawn on. Raises NotFoundError."""
        doodle = next((sample for sample in self._sample_doodles if sample.name == name), None)
        if doodle is None or doodle.base_image is None:
            raise NotFoundError("theme.image_missing", image=name)
        base = self._base_images.get(doodle.base_image)
        source = _Source(
            _sha256(f"{base.sha256}{_sha256(doodle.png)}".encode()),
            lambda: _composite(self._base_images.read_png(base), doodle),
        )
        return self._thumbnail(source, size)

    def _thumbnail(self, source: _Source, size: int) -> Thumbnail:
        return tagged(self._thumbnails.get(source.sha256, size, source.read))

    def _sources(self, slug: Slug, version: int | None) -> Mapping[Slot, _Source]:
        runs = self._variants.complete_runs(slug, version)
        if runs:
            return {
                variant.slot: _Source(variant.image_sha256, partial(self._variants.png, variant))
                for variant in self._most_telling(runs)
            }
        return self._regression_images(slug, version) or (
            self._shipped(slug) if version in (None, 1) else {}
        )

    def _most_telling(self, runs: Sequence[Sequence[Variant]]) -> Sequence[Variant]:
        """The newest run of a sample doodle, else the newest."""
        return next((run for run in runs if run[0].doodle_sha256 in self._doodle_hashes), runs[0])

    @cached_property
    def _doodle_hashes(self) -> frozenset[str]:
        """The hashes of the sample doodles as requests have them."""
        hashes = set()
        for doodle in self._sample_doodles:
            size = decode_png(doodle.png, _label(doodle)).size
            hashes.add(decode_doodle(doodle.png, *size).sha256)
        return frozenset(hashes)

    def _regression_images(self, slug: Slug, version: int | None) -> Mapping[Slot, _Source]:
        """The images of the suite's first doodle, of a version or of the latest with a report."""
        numbers = self._evaluations.regression_reports(slug)
        number = max(numbers, default=None) if version is None else version
        if number not in numbers:
            return {}
        try:
            keys = self._suite_keys_cached(slug, number)
        except (NotFoundError, ModelError, InvalidInputError):
            return {}  # Also where a model was removed or replaced since.
        read = self._evaluations.costs.cache.read
        return {
            slot: _Source(_sha256(key.encode()), partial(read, key)) for slot, key in keys.items()
        }

    def _suite_keys(self, slug: Slug, number: int) -> Mapping[Slot, str]:
        """The keys of the four images of the suite's first doodle and seed.

        Raises NotFoundError where they are not all rendered.
        """
        images = self._evaluations.compare(slug, number).images
        keys = {image.slot: image.image for image in reversed(images) if image.image}
        if len(keys) < len(SLOTS):
            raise NotFoundError("theme.without_images", theme=slug)
        return keys

    def _shipped(self, slug: Slug) -> Mapping[Slot, _Source]:
        files = {slot: self._examples / f"{slug}-{slot}.webp" for slot in SLOTS}
        images = {slot: file.read_bytes() for slot, file in files.items() if file.is_file()}
        return {
            slot: _Source(_sha256(image), partial(bytes, image)) for slot, image in images.items()
        }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _label(doodle: SampleDoodle) -> Message:
    return message("image.sample_doodle_named", name=doodle.name)


def _composite(base_png: bytes, doodle: SampleDoodle) -> bytes:
    base = decode_png(base_png, message("image.base_named", id=doodle.base_image or ""))
    return encode_png(overlay_doodle(base, decode_png(doodle.png, _label(doodle))))
