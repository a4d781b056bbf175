"""Issue 23, 1: masks together with recordings, batches, DeepCache, ControlNets, LoRAs and every family."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.results import RenderListener, RenderResult
from studio.imaging.masks import job_mask
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.settings import bundled_path
from tests.engine import tiny
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import Pixels, pixels
from tests.engine.simulated_gpu import SimulatedGpu
from tests.engine.simulated_graphs import SimulatedGraphBackend
from tests.engine.test_graphs import SMALL, UNITS

MASK: dict[str, Any] = {"mask": {"area": "doodle", "grow": 4, "feather": 3}}
HIRES: dict[str, Any] = {"enabled": True, "scale_factor": 1.5, "denoising_strength": 0.6}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> ModelCatalog:
    directory = tmp_path_factory.mktemp("models")
    for family in ("sd15", "sdxl", "sd3"):
        tiny.write_folder(family, directory, family)
    for name in ("sd15-scribble", "sd15-pose"):
        tiny.tiny_controlnet("sd15").save_pretrained(directory / "controlnets" / name)
    return ModelCatalog((bundled_path("assets") / "models", directory), HashCache(None))


@pytest.fixture(scope="module")
def eager(shipped_studio: AppContainer, catalog: ModelCatalog) -> RenderHarness:
    return RenderHarness(shipped_studio, catalog, Engine(catalog, "cpu"))


@pytest.fixture(scope="module")
def recorded(shipped_studio: AppContainer, catalog: ModelCatalog) -> RenderHarness:
    """On a simulated card that records steps and fuses LoRAs."""
    mover, backend = SimulatedGpu(fuses_loras=True), SimulatedGraphBackend()
    limits = CacheLimits(graph_bytes=100)
    engine = Engine(catalog, "cpu", limits, mover=mover, graph_backend=backend)
    return RenderHarness(shipped_studio, catalog, engine)


def assert_put_back(harness: RenderHarness, job: RenderJob, result: RenderResult) -> None:
    """Outside the mask every byte is the base image's, inside it is not."""
    image = result.image
    mask = job_mask(job, decode(job.doodle.png_bytes) if job.doodle else None, image.size)
    area = np.asarray(mask) > 0
    base = decode(harness.studio.stores.base_images.read_png(job.base_image)).convert("RGB")
    expected = pixels(base.resize(image.size, Image.Resampling.LANCZOS))
    assert (pixels(image)[~area] == expected[~area]).all()
    assert (pixels(image)[area] != expected[area]).any()


CASES: tuple[dict[str, Any], ...] = (
    {"control_units": UNITS},
    {"sampler": "Heun"},
    {"deepcache_interval": 2, "steps": 5},
    {"deepcache_interval": 2, "steps": 5, "control_units": UNITS, "guidance_end_fraction": 0.5},
    {"upscale": HIRES | {"upscaler": "Latent"}, "control_units": UNITS},
    {"upscale": HIRES | {"upscaler": "Lanczos"}, "deepcache_interval": 2},
    {"guidance_rescale": 0.7, "steps": 4},
)


@pytest.mark.parametrize("changes", CASES)
def test_recorded_steps_draw_the_eager_pixels_and_serve_masked_jobs(
    eager: RenderHarness, recorded: RenderHarness, changes: dict[str, Any]
) -> None:
    recipe = SMALL | changes
    recorded.render(eager.job("sporty", **recipe))
    captures = recorded.engine.status().graph_captures
    job = eager.job("sporty", **recipe, **MASK)
    result = recorded.render(job)
    assert recorded.engine.status().graph_captures == captures
    assert result.notes == ()
    assert_put_back(eager, job, result)
    assert (pixels(result.image) == pixels(eager.render(job).image)).all()


def test_a_batch_of_masked_jobs_draws_nearly_what_each_draws_alone(
    eager: RenderHarness, recorded: RenderHarness
) -> None:
    changes: dict[str, Any] = SMALL | {
        "height": 72,
        "control_units": UNITS,
        "deepcache_interval": 2,
        "steps": 5,
    }
    jobs = [
        eager.job(doodle, **changes, **MASK).model_copy(update={"seed": seed})
        for seed, doodle in enumerate(("sporty", "star-dress", "dotted-skirt"))
    ]
    assert group_into_batches(jobs) == (tuple(jobs),)
    store = eager.studio.stores.base_images
    results = recorded.engine.render_batch(
        jobs,
        [decode(store.read_png(job.base_image)) for job in jobs],
        [decode(job.doodle.png_bytes) if job.doodle else None for job in jobs],
        [RenderListener()] * 3,
    )
    for job, result in zip(jobs, results, strict=True):
        assert_put_back(eager, job, result)
        assert difference(result, eager.render(job)) < 1


def test_a_lora_takes_part_inside_the_mask_alone(
    eager: RenderHarness, recorded: RenderHarness
) -> None:
    with_lora: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
    recipe: dict[str, Any] = {"steps": 3, "width": 128, "height": 128, "control_units": (), **MASK}
    plain, job = eager.job(**recipe), eager.job(**recipe, **with_lora)
    before, result = recorded.render(plain), recorded.render(job)
    assert_put_back(eager, job, result)
    assert difference(result, before) > 0
    assert difference(result, eager.render(job)) < 1
    assert difference(recorded.render(plain), before) == 0


@pytest.mark.parametrize("family", ["sdxl", "sd3"])
def test_masks_hold_in_every_family(eager: RenderHarness, family: str) -> None:
    sampler: dict[str, Any] = {"sampler": "Euler", "schedule_type": "Automatic"}
    changes = SMALL | sampler | {"base_model": ModelRef(name=family)}
    job = eager.job("sporty", **changes, **MASK, upscale=HIRES)
    assert_put_back(eager, job, eager.render(job))


def difference(one: RenderResult, another: RenderResult) -> float:
    """Mean, of 255."""
    images: list[Pixels] = [pixels(result.image) for result in (one, another)]
    return float(np.abs(images[0] - images[1]).mean())
