"""Fixtures of the engine tests: the real pocket weights that ship with the product."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.composition.models import load_model_catalog
from studio.engine.engine import Engine
from studio.engine.results import RenderListener, RenderResult
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import Recipe
from studio.recipes.themes.preset import RecipeSet, Slot
from studio.services.requests.request_factory import RequestFactory
from studio.settings import Settings
from studio.store.images.files import FileImageStore


@pytest.fixture(scope="session", autouse=True)
def same_precision_everywhere() -> Iterator[None]:
    """`auto` is fp32, also on a CPU that computes in bf16: tests compare pixels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studio.engine.options.has_native_bf16", lambda: False)
        yield


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Engine:
    """One engine for all tests, the studio's included, so that models are loaded once."""
    return Engine(load_model_catalog(settings), "cpu")


@pytest.fixture(scope="session")
def shipped_studio(settings: Settings, engine: Engine) -> AppContainer:
    return create_app_container(settings, lambda: engine)


class RenderHarness:
    """Renders sample doodles with a bundled recipe and a test's changes to it."""

    def __init__(self, studio: AppContainer, catalog: ModelCatalog, engine: Engine) -> None:
        self.studio, self.catalog, self.engine = studio, catalog, engine
        self.images = FileImageStore(studio.settings.images_dir)

    def job(self, doodle: str | None = "star-dress", slot: Slot = "B", **changes: Any) -> RenderJob:
        """The job of one slot of the theme "first-light"; `changes` are fields of its recipe."""
        preset = self.studio.stores.themes.get_version("first-light").preset
        recipe = Recipe.model_validate(preset.recipes[slot].model_dump() | {"steps": 6} | changes)
        preset = preset.model_copy(
            update={"recipes": RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)}
        )
        samples = {sample.name: sample for sample in self.studio.authoring.sample_doodles}
        png = samples[doodle].png if doodle else None
        base_image = (samples[doodle].base_image if doodle else None) or "mia"
        request = RequestFactory(
            self.studio.stores.base_images, self.catalog, self.images, self.studio.moderation
        ).create(preset, base_image, png, "a red dress", seed=11)
        return next(job for job in plan_jobs(request) if job.slot == slot)

    def render(self, job: RenderJob, **callbacks: Any) -> RenderResult:
        """Renders a job with the callbacks of a `RenderListener`."""
        base = decode(self.studio.stores.base_images.read_png(job.base_image))
        doodle = decode(job.doodle.png_bytes) if job.doodle else None
        return self.engine.render(job, base, doodle, RenderListener(**callbacks))


@pytest.fixture
def harness(shipped_studio: AppContainer, engine: Engine) -> RenderHarness:
    return RenderHarness(shipped_studio, shipped_studio.models.catalog, engine)


def decode(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def copy_tree(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target))
