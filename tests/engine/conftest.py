"""Engine tests run on the real pocket weights that ship with the product."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.bootstrap import Studio, open_catalogue, open_studio
from studio.engine.engine import Engine
from studio.engine.rendered import Rendered, Watch
from studio.library.catalogue import Catalogue
from studio.recipes.planning import plan
from studio.recipes.preset import Letter, Recipes
from studio.recipes.recipe import Recipe
from studio.recipes.request import Job
from studio.service.intake import Intake
from studio.settings import Settings
from studio.store.pictures import PictureFiles


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Engine:
    """One for all tests, also for the studio: each keeps its models."""
    return Engine(open_catalogue(settings), "cpu")


@pytest.fixture(scope="session")
def shipped_studio(settings: Settings, engine: Engine) -> Studio:
    return open_studio(settings, lambda: engine)


Draw = Callable[..., Rendered]


class Easel:
    """Renders shipped doodles with a shipped recipe, changed as a test wants it."""

    def __init__(self, studio: Studio, catalogue: Catalogue, engine: Engine) -> None:
        self.studio, self.catalogue, self.engine = studio, catalogue, engine
        self.pictures = PictureFiles(studio.settings.pictures)

    def job(self, doodle: str | None = "star-dress", letter: Letter = "B", **changes: Any) -> Job:
        preset = self.studio.presets.version("first-light").preset
        recipe = Recipe.model_validate(preset.recipes[letter].model_dump() | {"steps": 6} | changes)
        four = Recipes(A=recipe, B=recipe, C=recipe, D=recipe)
        preset = preset.model_copy(update={"recipes": four})
        drawn = {each.name: each for each in self.studio.doodles}
        png = drawn[doodle].png if doodle else None
        base = (drawn[doodle].base_image if doodle else None) or "mia"
        asked = Intake(
            self.studio.bases, self.catalogue, self.pictures, self.studio.safety
        ).request(preset, base, png, "a red dress", seed=11)
        return next(job for job in plan(asked) if job.letter == letter)

    def render(self, job: Job, **hooks: Any) -> Rendered:
        base = opened(self.studio.bases.png(job.base_image))
        doodle = opened(job.doodle.png) if job.doodle else None
        return self.engine.render(job, base, doodle, Watch(**hooks))


@pytest.fixture
def easel(shipped_studio: Studio, engine: Engine) -> Easel:
    return Easel(shipped_studio, shipped_studio.catalogue, engine)


def opened(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


def copy_tree(source: Path, target: Path) -> Path:
    import shutil

    return Path(shutil.copytree(source, target))
