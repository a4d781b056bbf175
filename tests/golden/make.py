"""Renders the golden images again: `python -m tests.golden.make`. Check them by eye before a commit."""

import io
import tempfile
from pathlib import Path

from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.recipes.generation.events import JobCompleted
from studio.recipes.themes.preset import Slot
from studio.settings import Settings

GOLDEN_DIR = Path(__file__).parent
GOLDEN_INPUTS = ("sporty", "kofi", "an orange shirt and blue shorts")
"""Sample doodle, base image and user prompt of the golden images."""


def render(
    studio: AppContainer, doodle: str, base_image: str, user_prompt: str
) -> dict[Slot, Image.Image]:
    """The four variants of a sample doodle by slot, with seed 11."""
    sample = next(sample for sample in studio.authoring.sample_doodles if sample.name == doodle)
    preset = studio.stores.themes.get_version("first-light").preset
    request = studio.rendering.request_factory.create(
        preset, base_image, sample.png, user_prompt, 11
    )
    events = studio.rendering.renders.start(request).events()
    return {
        event.slot: Image.open(io.BytesIO(event.png))
        for event in events
        if isinstance(event, JobCompleted)
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        studio = create_app_container(Settings(data_dir=Path(data_dir), precision="fp32"))
        for slot, image in render(studio, *GOLDEN_INPUTS).items():
            image.convert("RGB").save(GOLDEN_DIR / f"{slot}.png")


if __name__ == "__main__":
    main()
