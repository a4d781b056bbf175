"""Puts what ships with the product into the store: base images and presets."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from studio.errors import StoreError
from studio.imaging.limits import open_png
from studio.library.catalogue import Catalogue
from studio.messages import message
from studio.recipes.base import read_document
from studio.recipes.canvas import BaseImage
from studio.recipes.preset import Preset
from studio.service.stamping import with_hashes
from studio.store.base_images import BaseImageStore
from studio.store.presets import PresetStore

FIRST = "first-light"
"""The theme that a new studio shows first."""


def install_base_images(folder: Path, bases: BaseImageStore) -> None:
    """Adds the shipped base images that are not there yet, as `base_images.json` lists them."""
    known = {image.id for image in bases.all()}
    try:
        listed = json.loads((folder / "base_images.json").read_text())
        for position, entry in enumerate(listed):
            if entry["id"] not in known:
                png = (folder / f"{entry['id']}.png").read_bytes()
                width, height = open_png(png, message("image.shipped_base", id=entry["id"])).size
                sha256 = hashlib.sha256(png).hexdigest()
                image = BaseImage(**entry, width=width, height=height, sha256=sha256)
                bases.put(image, png, position)
    except OSError as error:
        raise StoreError("storage.shipped_file_missing", file=str(error.filename)) from None


def install_presets(folder: Path, presets: PresetStore, catalogue: Catalogue) -> None:
    """Adds the shipped presets whose slug is unknown; saved ones are never touched."""
    known = {summary.slug for summary in presets.summaries(with_archived=True)}
    # What is saved last is what a page opens with.
    for file in sorted(folder.glob("*.json"), key=lambda file: (file.stem == FIRST, file.stem)):
        if file.stem not in known:
            preset = read_document(
                Preset, file.read_bytes(), message("theme.shipped", file=file.name)
            )
            presets.save(with_hashes(preset, catalogue), author="studio", note="shipped")


@dataclass(frozen=True)
class TestDoodle:
    """A shipped doodle; `base_image` is the one it was drawn on, None if any will do."""

    name: str
    base_image: str | None
    png: bytes


def doodle_pack(folder: Path) -> tuple[TestDoodle, ...]:
    """The shipped test doodles, in the order of `doodles.json`."""
    listed = json.loads((folder / "doodles.json").read_text())
    return tuple(
        TestDoodle(each["name"], each["base_image"], (folder / f"{each['name']}.png").read_bytes())
        for each in listed
    )
