"""Writes the golden pictures anew: `python -m tests.golden.make`. Look at them first."""

import io
import tempfile
from pathlib import Path

from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.recipes.generation.events import JobCompleted
from studio.recipes.themes.preset import Slot
from studio.settings import Settings

FOLDER = Path(__file__).parent


GOLDEN = ("sporty", "kofi", "an orange shirt and blue shorts")


def render(studio: AppContainer, name: str, base: str, words: str) -> dict[Slot, Image.Image]:
    """The four variants of a shipped doodle, by letter, with seed 11."""
    doodle = next(each for each in studio.sample_doodles if each.name == name)
    preset = studio.themes.get_version("first-light").preset
    asked = studio.request_factory.create(preset, base, doodle.png, words, 11)
    events = studio.renders.start(asked).events()
    return {e.slot: Image.open(io.BytesIO(e.png)) for e in events if isinstance(e, JobCompleted)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for slot, image in render(
            create_app_container(Settings(data_dir=Path(home))), *GOLDEN
        ).items():
            image.convert("RGB").save(FOLDER / f"{slot}.png")
