"""Puts what ships with the product into the store: base images and presets."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from studio.errors import StorageError
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.models.catalog import ModelCatalog
from studio.recipes.base import parse_document
from studio.recipes.base_image import BaseImage
from studio.recipes.themes.preset import Preset
from studio.services.themes.model_pinning import pin_model_hashes
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore

FIRST = "first-light"
"""The theme that a new studio shows first."""


def install_base_images(folder: Path, bases: BaseImageStore) -> None:
    """Adds the shipped base images that are not there yet, as `base_images.json` lists them."""
    known = {image.id for image in bases.list_all()}
    try:
        listed = json.loads((folder / "base_images.json").read_text())
        for position, entry in enumerate(listed):
            if entry["id"] not in known:
                png = (folder / f"{entry['id']}.png").read_bytes()
                width, height = decode_png(png, message("image.shipped_base", id=entry["id"])).size
                sha256 = hashlib.sha256(png).hexdigest()
                image = BaseImage(**entry, width=width, height=height, sha256=sha256)
                bases.upsert(image, png, position)
    except OSError as error:
        raise StorageError("storage.shipped_file_missing", file=str(error.filename)) from None


def install_bundled_themes(folder: Path, presets: ThemeStore, catalog: ModelCatalog) -> None:
    """Adds the shipped presets whose slug is unknown; saved ones are never touched."""
    known = {summary.slug for summary in presets.list_summaries(include_archived=True)}
    # What is saved last is what a page opens with.
    for file in sorted(folder.glob("*.json"), key=lambda file: (file.stem == FIRST, file.stem)):
        if file.stem not in known:
            preset = parse_document(
                Preset, file.read_bytes(), message("theme.shipped", file=file.name)
            )
            presets.save(pin_model_hashes(preset, catalog), author="studio", note="shipped")


@dataclass(frozen=True)
class SampleDoodle:
    """A shipped doodle; `base_image` is the one it was drawn on, None if any will do."""

    name: str
    base_image: str | None
    png: bytes


def load_sample_doodles(folder: Path) -> tuple[SampleDoodle, ...]:
    """The shipped test doodles, in the order of `doodles.json`."""
    listed = json.loads((folder / "doodles.json").read_text())
    return tuple(
        SampleDoodle(
            each["name"], each["base_image"], (folder / f"{each['name']}.png").read_bytes()
        )
        for each in listed
    )
