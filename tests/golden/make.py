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


GOLDEN = ("sporty", "kofi", "an orange shirt and blue shorts")


def render(studio: Studio, name: str, base: str, words: str) -> dict[Letter, Image.Image]:
    """The four variants of a shipped doodle, by letter, with seed 11."""
    doodle = next(each for each in studio.doodles if each.name == name)
    preset = studio.presets.version("first-light").preset
    asked = studio.intake.request(preset, base, doodle.png, words, 11)
    events = studio.rendering.start(asked).events()
    return {e.letter: Image.open(io.BytesIO(e.png)) for e in events if isinstance(e, Done)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for letter, picture in render(open_studio(Settings(home=Path(home))), *GOLDEN).items():
            picture.convert("RGB").save(FOLDER / f"{letter}.png")
