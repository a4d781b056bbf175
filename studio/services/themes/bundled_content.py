"""Installs the content that ships with the product: base images, themes, sample doodles."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import StorageError
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.models.catalog import ModelCatalog
from studio.recipes.base import parse_document
from studio.recipes.base_image import BaseImage, ZoneImages
from studio.recipes.themes.preset import Preset
from studio.services.themes.model_pinning import pin_model_hashes
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore

DEFAULT_THEME = "first-light"
"""The slug of the theme that a new studio opens with."""


def install_base_images(directory: Path, base_images: BaseImageStore) -> None:
    """Adds the bundled base images that are not in the store, as `base_images.json` lists them, and the
    zones of those that never had any.

    Raises StorageError when a bundled file is missing.
    """
    stored = {image.id: image for image in base_images.list_all(include_retired=True)}
    try:
        entries = json.loads((directory / "base_images.json").read_text())
        for position, entry in enumerate(entries):
            image = stored.get(entry["id"])
            if image is None or image.zones is None:
                bundled, png, masks = _read_base_image(directory, entry)
                if image is None:
                    zones = base_images.write_zones(masks)
                    base_images.upsert(bundled.model_copy(update={"zones": zones}), png, position)
                elif image.sha256 == bundled.sha256:
                    base_images.set_zones(image.id, masks)
    except OSError as error:
        raise StorageError("storage.shipped_file_missing", file=str(error.filename)) from None


def _read_base_image(
    directory: Path, entry: Mapping[str, Any]
) -> tuple[BaseImage, bytes, ZoneImages]:
    """A bundled base image without its zones, its pixels, and the masks of its zones."""
    name = entry["id"]
    png, clothes, protected = (
        (directory / f"{name}{suffix}").read_bytes()
        for suffix in (".png", ".clothes.png", ".protected.png")
    )
    width, height = decode_png(png, message("image.shipped_base", id=name)).size
    sha256 = hashlib.sha256(png).hexdigest()
    image = BaseImage(**entry, width=width, height=height, sha256=sha256)
    return image, png, ZoneImages(clothes=clothes, protected=protected)


def install_bundled_themes(directory: Path, themes: ThemeStore, catalog: ModelCatalog) -> None:
    """Adds the bundled themes whose slugs are not in the store; stored themes are never changed."""
    stored_slugs = {summary.slug for summary in themes.list_summaries(include_archived=True)}
    # The theme that is saved last is the one that a page opens with.
    files = sorted(
        directory.glob("*.json"), key=lambda file: (file.stem == DEFAULT_THEME, file.stem)
    )
    for file in files:
        if file.stem not in stored_slugs:
            name = message("theme.shipped", file=file.name)
            preset = parse_document(Preset, file.read_bytes(), name)
            themes.save(pin_model_hashes(preset, catalog), author="studio", note="shipped")


@dataclass(frozen=True)
class SampleDoodle:
    """A bundled doodle; `base_image` is the one it was drawn on, None if any will do."""

    name: str
    base_image: str | None
    png: bytes


def load_sample_doodles(directory: Path) -> tuple[SampleDoodle, ...]:
    """The bundled sample doodles, in the order of `doodles.json`."""
    entries = json.loads((directory / "doodles.json").read_text())
    return tuple(
        SampleDoodle(
            entry["name"], entry["base_image"], (directory / f"{entry['name']}.png").read_bytes()
        )
        for entry in entries
    )
