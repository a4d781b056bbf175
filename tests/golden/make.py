"""Writes the golden pictures anew: `python -m tests.golden.make`. Look at them first."""

import io
import tempfile
from pathlib import Path

from PIL import Image

from studio.bootstrap import Studio, open_studio
from studio.recipes.events import Done
from studio.recipes.preset import Letter
from studio.settings import Settings

FOLDER = Path(__file__).parent


def render(studio: Studio) -> dict[Letter, Image.Image]:
    doodle = next(each for each in studio.doodles if each.name == "sporty")
    preset = studio.presets.version("first-light").preset
    words = "an orange shirt and blue shorts"
    asked = studio.intake.request(preset, "kofi", doodle.png, words, 11)
    events = studio.rendering.start(asked).events()
    return {e.letter: Image.open(io.BytesIO(e.png)) for e in events if isinstance(e, Done)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for letter, picture in render(open_studio(Settings(home=Path(home)))).items():
            picture.convert("RGB").save(FOLDER / f"{letter}.png")
