"""What only a graphics card can show: `pytest -m cuda`. Without one every test is skipped by name."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.options import EngineOptions
from studio.engine.results import RenderListener
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.settings import bundled_path
from tests import examples
from tests.engine import tiny
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import Pixels, pixels

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here"),
]

UNITS = (examples.unit("scribble"), examples.unit("pose", weight=0.6))
LAST_BITS = 2
"""Of 255: the largest difference that rounding in another order makes in a color."""
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {"control_units": ()},
    "two units": {"control_units": UNITS},
    "windows": {
        "control_units": (examples.unit("scribble", end=0.5), examples.unit("pose", start=0.5)),
        "guidance_end_fraction": 0.5,
    },
    "control mode": {
        "control_units": (examples.unit("pose", mode="ControlNet is more important"),)
    },
    "LoRA": {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"), weight=0.8)]},
    "second order": {"sampler": "Heun", "control_units": UNITS},
    "ancestral": {"sampler": "Euler a", "control_units": UNITS},
}


@dataclass(frozen=True)
class Card:
    """Engines on the card over the bundled models, with recorded steps and without."""

    graphed: RenderHarness
    eager: RenderHarness

    def job(self, **changes: Any) -> RenderJob:
        return self.eager.job(**({"steps": 8, "guidance_scale": 4.0} | changes))


@pytest.fixture(scope="module")
def card(shipped_studio: AppContainer, tmp_path_factory: pytest.TempPathFactory) -> Card:
    directory = tmp_path_factory.mktemp("models")
    for family in ("sdxl", "sd3"):
        tiny.write_folder(family, directory, family)
    catalog = ModelCatalog((bundled_path("assets") / "models", directory), HashCache(None))

    def harness(**options: Any) -> RenderHarness:
        engine = Engine(catalog, "cuda", options=EngineOptions(**options))
        return RenderHarness(shipped_studio, catalog, engine)

    return Card(harness(), harness(cuda_graphs=False))


def rendered(harness: RenderHarness, job: RenderJob) -> Pixels:
    result = harness.render(job)
    assert "Rendered without CUDA graphs" not in "".join(map(str, result.notes))
    return pixels(result.image)


@pytest.mark.parametrize("name", RECIPES)
def test_graph_draws_the_eager_pixels(card: Card, name: str) -> None:
    job = card.job(**RECIPES[name])
    before = card.graphed.engine.status()
    graphed = rendered(card.graphed, job)
    after = card.graphed.engine.status()
    assert after.graph_hits > before.graph_hits
    assert after.graph_fallbacks == before.graph_fallbacks
    assert np.abs(graphed - rendered(card.eager, job)).max() <= LAST_BITS


@pytest.mark.parametrize("base_model", ["sdxl", "sd3"])
def test_other_families_draw_the_eager_pixels(card: Card, base_model: str) -> None:
    sampler = {"sampler": "Euler", "schedule_type": "Automatic"}
    job = card.job(
        base_model=ModelRef(name=base_model), width=64, height=64, control_units=(), **sampler
    )
    difference = rendered(card.graphed, job) - rendered(card.eager, job)
    assert np.abs(difference).max() <= LAST_BITS


def test_same_seed_draws_the_same_pixels_whatever_ran_before(card: Card) -> None:
    job = card.job(control_units=UNITS)
    first = rendered(card.graphed, job)
    for changes in RECIPES.values():
        card.graphed.render(card.job(**changes).model_copy(update={"seed": 5}))
    assert (rendered(card.graphed, job) == first).all()
    card.graphed.engine.unload_all()
    assert (rendered(card.graphed, job) == first).all()


def test_base_model_that_comes_back_to_the_device_draws_the_same(card: Card) -> None:
    small = Engine(card.graphed.catalog, "cuda", CacheLimits(max_device_models=1))
    harness = replace_engine(card.graphed, small)
    job = card.job(control_units=UNITS)
    first = rendered(harness, job)
    for _ in range(3):
        rendered(harness, card.job(base_model=ModelRef(name="pocket-water")))
        assert (rendered(harness, job) == first).all()


def test_lora_leaves_the_base_model_as_it_was(card: Card) -> None:
    plain, with_lora = card.job(), card.job(**RECIPES["LoRA"])
    before = rendered(card.graphed, plain)
    changed = rendered(card.graphed, with_lora)
    assert (changed != before).any()
    assert (rendered(card.graphed, plain) == before).all()


def test_step_that_cannot_be_captured_runs_eagerly(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = card.job(width=128)
    expected = rendered(card.eager, job)
    real = UNet2DConditionModel.forward

    def waiting(unet: Any, sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        # `sample` is (batch, channels, height, width); item() waits for the device.
        return real(unet, sample + 0 * sample.sum().item(), *args, **kwargs)

    monkeypatch.setattr(UNet2DConditionModel, "forward", waiting)
    for _ in range(2):
        result = card.graphed.render(job)
        assert "Rendered without CUDA graphs" in "".join(map(str, result.notes))
        assert np.abs(pixels(result.image) - expected).max() <= LAST_BITS
    monkeypatch.undo()
    assert np.abs(rendered(card.graphed, card.job()) - rendered(card.eager, card.job())).max() <= 2


def test_batch_draws_nearly_what_each_job_draws_alone(card: Card) -> None:
    jobs = [
        card.job(control_units=(examples.unit("scribble", weight=weight),), guidance_scale=scale)
        for weight, scale in ((0.4, 3.0), (1.0, 7.0), (0.7, 5.0))
    ]
    assert group_into_batches(jobs) == (tuple(jobs),)
    base = decode(card.eager.studio.stores.base_images.read_png(jobs[0].base_image))
    doodle = jobs[0].doodle
    assert doodle is not None
    results = card.graphed.engine.render_batch(
        jobs, base, decode(doodle.png_bytes), [RenderListener()] * 3
    )
    for job, result in zip(jobs, results, strict=True):
        assert np.abs(pixels(result.image) - rendered(card.graphed, job)).mean() < 1


def test_preview_arrives_while_steps_go_on(card: Card) -> None:
    previews: list[Pixels] = []
    card.graphed.render(card.job(steps=60), on_preview=lambda image: previews.append(pixels(image)))
    assert previews
    assert all(preview.std() > 1 for preview in previews)


def replace_engine(harness: RenderHarness, engine: Engine) -> RenderHarness:
    return RenderHarness(harness.studio, harness.catalog, engine)
