"""A sheet to judge by eye: test doodles down, the base, composite and four variants across."""

import io
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from studio.app import AppContainer, create_app_container
from studio.imaging.compositing import overlay_doodle
from studio.recipes.generation.events import JobCompleted, JobFailed
from studio.services.themes.bundled_content import SampleDoodle
from studio.settings import Settings
from training.character import SIZE
from training.report import sheet


def write_sheet(preset: str, file: Path, seed: int = 1, words: str = "") -> None:
    """Renders every shipped doodle with a shipped preset, as the service would."""
    with tempfile.TemporaryDirectory() as home:
        studio = create_app_container(Settings(home=Path(home)))
        rows = [
            _row(studio, preset, doodle, seed, words) for doodle in studio.authoring.sample_doodles
        ]
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet(rows).save(file)


def _row(
    studio: AppContainer, preset: str, doodle: SampleDoodle, seed: int, words: str
) -> list[Image.Image]:
    base_id = doodle.base_image or "noah"
    version = studio.stores.themes.get_version(preset)
    request = studio.rendering.request_factory.create(
        version.preset, base_id, doodle.png, words, seed
    )
    base = _open(studio.stores.base_images.read_png(request.base_image))
    variants = {}
    for event in studio.rendering.renders.start(request).events():
        if isinstance(event, JobCompleted):
            variants[event.slot] = _open(event.png)
        elif isinstance(event, JobFailed):
            variants[event.slot] = _failed(str(event.message))
    return [
        overlay_doodle(base, _open(doodle.png)),
        *(variants[letter] for letter in sorted(variants)),
    ]


def _open(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def _failed(message: str) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), "white")
    ImageDraw.Draw(picture).multiline_text((8, 8), message, fill="red")
    return picture
