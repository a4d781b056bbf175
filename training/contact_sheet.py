"""A sheet to judge by eye: test doodles down, the base, composite and four variants across."""

import io
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from studio.bootstrap import Studio, open_studio
from studio.imaging.compose import composite
from studio.recipes.events import Done, Failed
from studio.service.shipped import TestDoodle
from studio.settings import Settings
from training.character import SIZE
from training.report import sheet


def write_sheet(preset: str, file: Path, seed: int = 1, words: str = "") -> None:
    """Renders every shipped doodle with a shipped preset, as the service would."""
    with tempfile.TemporaryDirectory() as home:
        studio = open_studio(Settings(home=Path(home)))
        rows = [_row(studio, preset, doodle, seed, words) for doodle in studio.doodles]
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet(rows).save(file)


def _row(
    studio: Studio, preset: str, doodle: TestDoodle, seed: int, words: str
) -> list[Image.Image]:
    base_id = doodle.base_image or "noah"
    version = studio.presets.version(preset)
    request = studio.intake.request(version.preset, base_id, doodle.png, words, seed)
    base = _open(studio.bases.png(request.base_image))
    variants = {}
    for event in studio.rendering.start(request).events():
        if isinstance(event, Done):
            variants[event.letter] = _open(event.png)
        elif isinstance(event, Failed):
            variants[event.letter] = _failed(str(event.message))
    return [composite(base, _open(doodle.png)), *(variants[letter] for letter in sorted(variants))]


def _open(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def _failed(message: str) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), "white")
    ImageDraw.Draw(picture).multiline_text((8, 8), message, fill="red")
    return picture
