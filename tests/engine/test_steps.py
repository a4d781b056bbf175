"""Steps of every sampler: how many are guided, and how they are reported."""

from itertools import count
from typing import Any

import pytest
import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusionXLImg2ImgPipeline,
    UNet2DConditionModel,
)

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.errors import JobCancelledError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit, ModelRef
from studio.recipes.generation.samplers import SAMPLERS, Sampler
from studio.settings import bundled_path
from tests import examples
from tests.engine import tiny
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import Pixels, pixels

SECOND_ORDER = ("Heun", "DPM2", "DPM2 a")


@pytest.fixture(scope="module")
def tiny_harness(
    shipped_studio: AppContainer, tmp_path_factory: pytest.TempPathFactory
) -> RenderHarness:
    directory = tmp_path_factory.mktemp("models")
    for family in ("sd15", "sdxl", "sd3"):
        tiny.write_folder(family, directory, family)
    catalog = ModelCatalog((bundled_path("assets") / "models", directory), HashCache(None))
    # A second passes whenever the clock is read: each preview is due.
    return RenderHarness(shipped_studio, catalog, Engine(catalog, "cpu", clock=count().__next__))


def job(harness: RenderHarness, base_model: str = "sd15", **changes: Any) -> RenderJob:
    settings: dict[str, Any] = {
        "width": 64,
        "height": 64,
        "steps": 12,
        "denoising_strength": 0.75,
        "guidance_scale": 3.0,
        "control_units": (),
        "sampler": "Euler",
    } | changes
    return harness.job(base_model=ModelRef(name=base_model), **settings)


def render_tiny(harness: RenderHarness, base_model: str, **changes: Any) -> Pixels:
    return pixels(harness.render(job(harness, base_model, **changes)).image)


@pytest.fixture
def batch_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The batch size of each evaluation of the UNet."""
    sizes: list[int] = []
    real = UNet2DConditionModel.forward

    def forward(unet: Any, sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        # `sample` is (batch, channels, height, width).
        sizes.append(len(sample))
        return real(unet, sample, *args, **kwargs)

    monkeypatch.setattr(UNet2DConditionModel, "forward", forward)
    return sizes


# Issue 18, 15.
@pytest.mark.parametrize("end", [1.0, 0.5])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_guidance_lasts_until_the_recipes_guidance_end(
    tiny_harness: RenderHarness, batch_sizes: list[int], sampler: Sampler, end: float
) -> None:
    reported: list[tuple[int, int]] = []
    previews: list[object] = []
    tiny_harness.render(
        job(tiny_harness, sampler=sampler, guidance_end_fraction=end),
        on_step=lambda done, total: reported.append((done, total)),
        on_preview=previews.append,
    )
    total, guided = len(batch_sizes), batch_sizes.count(2)
    assert reported == [(step, total) for step in range(1, total + 1)]
    assert len(previews) == total - 1
    assert batch_sizes == [2] * guided + [1] * (total - guided)
    assert total == {"PLMS": 10}.get(sampler, 17 if sampler in SECOND_ORDER else 9)
    if end == 1.0:
        assert guided == total
    elif sampler in SECOND_ORDER:
        # Never between the two evaluations of one step.
        assert guided == 10
    else:
        assert guided == 5


# Issue 18, 15.
@pytest.mark.parametrize("sampler", ["Euler", "Heun"])
@pytest.mark.parametrize("end", [1.0, 0.5])
def test_sd3_guidance_lasts_until_the_recipes_guidance_end(
    tiny_harness: RenderHarness, monkeypatch: pytest.MonkeyPatch, sampler: str, end: float
) -> None:
    """SD3 keeps both halves of its batch: guidance shows in the scale of the conditional one."""
    outputs: list[float] = []

    def zeros_and_ones(_: object, hidden_states: torch.Tensor, **__: object) -> tuple[torch.Tensor]:
        # (2 x batch, channels, height, width): 0 for the unconditional half, 1 for the other.
        unconditional, conditional = hidden_states.chunk(2)
        return (torch.cat([torch.zeros_like(unconditional), torch.ones_like(conditional)]),)

    for scheduler in (FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler):
        real = scheduler.step

        def step(
            self: Any, output: torch.Tensor, *args: Any, real: Any = real, **kwargs: Any
        ) -> Any:
            # `output` is (batch, channels, height, width), guidance applied.
            outputs.append(round(float(output.mean()), 3))
            return real(self, output, *args, **kwargs)

        monkeypatch.setattr(scheduler, "step", step)
    monkeypatch.setattr(SD3Transformer2DModel, "forward", zeros_and_ones)
    reported: list[tuple[int, int]] = []
    sd3_job = job(tiny_harness, "sd3", sampler=sampler, guidance_end_fraction=end, steps=15)
    tiny_harness.render(sd3_job, on_step=lambda done, total: reported.append((done, total)))
    total, guided = len(outputs), outputs.count(3.0)
    assert reported == [(step, total) for step in range(1, total + 1)]
    assert outputs == [3.0] * guided + [1.0] * (total - guided)
    expected = {("Euler", 1.0): 12, ("Euler", 0.5): 6, ("Heun", 1.0): 23, ("Heun", 0.5): 12}
    assert guided == expected[sampler, end]


# Issue 18, 15.
def test_steps_of_all_passes_are_reported(tiny_harness: RenderHarness) -> None:
    reported: list[tuple[int, int]] = []
    passes: dict[str, Any] = {
        "upscale": {"enabled": True, "scale_factor": 1.5, "steps": 6, "denoising_strength": 0.5},
        "face_repair": {"enabled": True, "render_size": 64, "denoising_strength": 0.5},
    }
    tiny_harness.render(
        job(tiny_harness, sampler="DPM2 a", **passes),
        on_step=lambda done, total: reported.append((done, total)),
    )
    total = 17 + 5 + 11
    assert reported == [(step, total) for step in range(1, total + 1)]


# Issue 18, 15, and issue 20, 6.
@pytest.mark.parametrize(
    ("base_model", "units"),
    [("sd15", ()), ("sdxl", ()), ("pocket-ink", (examples.unit("scribble"),))],
)
@pytest.mark.parametrize("sampler", ["Euler", "Heun"])
def test_deepcache_works_with_an_early_guidance_end(
    tiny_harness: RenderHarness,
    batch_sizes: list[int],
    base_model: str,
    units: tuple[ControlUnit, ...],
    sampler: str,
) -> None:
    changes = {"sampler": sampler, "guidance_end_fraction": 0.5, "control_units": units}
    uncached = job(tiny_harness, base_model, **changes)
    cached_job = job(tiny_harness, base_model, **changes, deepcache_interval=3)
    before = pixels(tiny_harness.render(uncached).image)
    sizes, batch_sizes[:] = list(batch_sizes), []
    cached = pixels(tiny_harness.render(cached_job).image)
    # The whole UNet runs in every third step, and in the first without guidance.
    guided = [place for place in range(sizes.count(2)) if place % 3 == 0]
    if sampler == "Euler":
        assert batch_sizes == [2] * len(guided) + [1] * 2
    assert {1, 2} == set(batch_sizes)
    assert len(batch_sizes) < len(sizes)
    assert (cached != before).any()
    assert (pixels(tiny_harness.render(uncached).image) == before).all()


# Issue 20, 6.
def test_guidance_rescale_equals_diffusers_own(
    tiny_harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SDXL's pipeline without ControlNets is the one that has it in diffusers."""
    settings: dict[str, Any] = {"guidance_scale": 9.0, "guidance_end_fraction": 0.5}
    ours = render_tiny(tiny_harness, "sdxl", guidance_rescale=0.7, **settings)
    real = StableDiffusionXLImg2ImgPipeline.__call__

    def rescaled(pipe: Any, **kwargs: Any) -> Any:
        return real(pipe, guidance_rescale=0.7, **kwargs)

    without = render_tiny(tiny_harness, "sdxl", **settings)
    monkeypatch.setattr(StableDiffusionXLImg2ImgPipeline, "__call__", rescaled)
    assert (render_tiny(tiny_harness, "sdxl", **settings) == ours).all()
    assert (ours != without).any()


# Issue 20, 6.
@pytest.mark.parametrize("base_model", ["sd15", "sdxl", "sd3", "pocket-ink"])
def test_guidance_rescale_takes_effect_in_every_family_and_leaves_nothing_behind(
    tiny_harness: RenderHarness, base_model: str
) -> None:
    units = (examples.unit("scribble"),) if base_model == "pocket-ink" else ()
    settings: dict[str, Any] = {"guidance_scale": 9.0, "control_units": units}
    before = render_tiny(tiny_harness, base_model, **settings)
    rescaled = render_tiny(tiny_harness, base_model, guidance_rescale=0.7, **settings)
    assert (rescaled != before).any()
    with pytest.raises(JobCancelledError):
        tiny_harness.render(
            job(tiny_harness, base_model, guidance_rescale=0.7, **settings),
            should_cancel=lambda: True,
        )
    assert (render_tiny(tiny_harness, base_model, **settings) == before).all()
    unguided = {"guidance_scale": 1.0, "control_units": units}
    assert (
        render_tiny(tiny_harness, base_model, guidance_rescale=0.7, **unguided)
        == render_tiny(tiny_harness, base_model, **unguided)
    ).all()
