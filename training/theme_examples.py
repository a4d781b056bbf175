"""Draws what the shipped themes make of the star dress, for the empty cards of the studio page.

`python -m training.theme_examples` writes `studio/web/examples/{theme}-{slot}.webp` with the pocket models,
in about half a minute a theme. Seeds are fixed: the same release draws the same examples.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.recipes.generation.events import JobCompleted
from studio.services.themes.bundled_content import SampleDoodle
from studio.settings import Settings

SAMPLE = "star-dress"
PROMPT = "a red summer dress with a star"
SEED = 4711
SIZE = 256
QUALITY = 82
TARGET = Path(__file__).parents[1] / "studio" / "web" / "examples"


def main() -> None:
    """Draws the examples of each shipped theme, or of those whose slugs are arguments."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        studio = create_app_container(Settings(data_dir=Path(home)))
        doodle = next(each for each in studio.authoring.sample_doodles if each.name == SAMPLE)
        slugs = [theme.slug for theme in studio.stores.themes.list_summaries()]
        for slug in sys.argv[1:] or slugs:
            _draw(studio, doodle, slug)
        studio.close()


def _draw(studio: AppContainer, doodle: SampleDoodle, slug: str) -> None:
    preset = studio.stores.themes.get_version(slug).preset
    base = doodle.base_image or studio.stores.base_images.list_all()[0].id
    request = studio.rendering.request_factory.create(preset, base, doodle.png, PROMPT, SEED)
    for event in studio.rendering.renders.start(request).events():
        if isinstance(event, JobCompleted):
            file = TARGET / f"{slug}-{event.slot}.webp"
            image = Image.open(io.BytesIO(event.png)).convert("RGB")
            image.thumbnail((SIZE, SIZE))
            image.save(file, "WEBP", quality=QUALITY, method=6)
            print(f"{file.name}: {file.stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main()
