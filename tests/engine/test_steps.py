"""Every sampler is guided as far as the recipe says, and tells its steps as they are."""

from typing import Any

import pytest
import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    SD3Transformer2DModel,
    UNet2DConditionModel,
)

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.errors import IncompatibleModelError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.generation.samplers import SAMPLERS, Sampler
from studio.settings import bundled_path
from tests.engine import tiny
from tests.engine.conftest import Easel
from tests.engine.pixels import pixels

SECOND_ORDER = ("Heun", "DPM2", "DPM2 a")


@pytest.fixture(scope="module")
def tiny_easel(shipped_studio: AppContainer, tmp_path_factory: pytest.TempPathFactory) -> Easel:
    folder = tmp_path_factory.mktemp("models")
    for family in ("sd15", "sdxl", "sd3"):
        tiny.write_folder(family, folder, family)
    catalog = ModelCatalog((bundled_path("assets") / "models", folder), HashCache(None))
    return Easel(shipped_studio, catalog, Engine(catalog, "cpu"))


def job(easel: Easel, base_model: str = "sd15", **changes: Any) -> RenderJob:
    settings: dict[str, Any] = {
        "width": 64, "height": 64, "steps": 12, "denoising_strength": 0.75, "guidance_scale": 3.0,
        "control_units": (), "sampler": "Euler",
    } | changes  # fmt: skip
    return easel.job(base_model=ModelRef(name=base_model), **settings)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The batch size of each call of the UNet."""
    sizes: list[int] = []
    real = UNet2DConditionModel.forward

    def counted(unet: Any, sample: torch.Tensor, *rest: Any, **options: Any) -> Any:
        sizes.append(len(sample))
        return real(unet, sample, *rest, **options)

    monkeypatch.setattr(UNet2DConditionModel, "forward", counted)
    return sizes


# Issue 18, 15.
@pytest.mark.parametrize("end", [1.0, 0.5])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_guidance_lasts_as_long_as_the_recipe_says(
    tiny_easel: Easel, asked: list[int], sampler: Sampler, end: float
) -> None:
    told: list[tuple[int, int]] = []
    previews: list[object] = []
    tiny_easel.render(
        job(tiny_easel, sampler=sampler, guidance_end=end),
        on_step=lambda done, total: told.append((done, total)),
        on_preview=previews.append,
    )
    total, guided = len(asked), asked.count(2)
    assert told == [(step, total) for step in range(1, total + 1)]
    assert len(previews) == total - 1
    assert asked == [2] * guided + [1] * (total - guided)
    assert total == {"PLMS": 10}.get(sampler, 17 if sampler in SECOND_ORDER else 9)
    if end == 1.0:
        assert guided == total
    elif sampler in SECOND_ORDER:
        # Never between the two answers that make one step.
        assert guided == 10
    else:
        assert guided == 5


# Issue 18, 15.
@pytest.mark.parametrize("sampler", ["Euler", "Heun"])
@pytest.mark.parametrize("end", [1.0, 0.5])
def test_a_transformer_is_guided_as_long(
    tiny_easel: Easel, monkeypatch: pytest.MonkeyPatch, sampler: str, end: float
) -> None:
    """It keeps both halves of its batch; what counts is how much it makes of the prompt's."""
    made: list[float] = []

    def halves(_: object, hidden_states: torch.Tensor, **__: object) -> tuple[torch.Tensor]:
        unguided, guided = hidden_states.chunk(2)
        return (torch.cat([torch.zeros_like(unguided), torch.ones_like(guided)]),)

    for scheduler in (FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler):
        real = scheduler.step

        def step(self: Any, output: torch.Tensor, *rest: Any, real: Any = real, **o: Any) -> Any:
            made.append(round(float(output.mean()), 3))
            return real(self, output, *rest, **o)

        monkeypatch.setattr(scheduler, "step", step)
    monkeypatch.setattr(SD3Transformer2DModel, "forward", halves)
    told: list[tuple[int, int]] = []
    wanted = job(tiny_easel, "sd3", sampler=sampler, guidance_end=end, steps=15)
    tiny_easel.render(wanted, on_step=lambda done, total: told.append((done, total)))
    total, guided = len(made), made.count(3.0)
    assert told == [(step, total) for step in range(1, total + 1)]
    assert made == [3.0] * guided + [1.0] * (total - guided)
    assert guided == {("Euler", 1.0): 12, ("Euler", 0.5): 6, ("Heun", 1.0): 23, ("Heun", 0.5): 12}[sampler, end]  # fmt: skip


# Issue 18, 15.
def test_steps_of_all_passes_are_told_as_they_are(tiny_easel: Easel) -> None:
    told: list[tuple[int, int]] = []
    passes: dict[str, Any] = {
        "upscale": {"enabled": True, "factor": 1.5, "steps": 6, "denoising_strength": 0.5},
        "face_repair": {"enabled": True, "size": 64, "denoising_strength": 0.5},
    }
    tiny_easel.render(
        job(tiny_easel, sampler="DPM2 a", **passes),
        on_step=lambda done, total: told.append((done, total)),
    )
    total = 17 + 5 + 11
    assert told == [(step, total) for step in range(1, total + 1)]


# Issue 18, 15.
@pytest.mark.parametrize("base_model", ["sd15", "sdxl", "pocket-ink"])
@pytest.mark.parametrize("sampler", ["Euler", "Heun"])
def test_deep_cache_goes_with_a_guidance_window(
    tiny_easel: Easel, asked: list[int], base_model: str, sampler: str
) -> None:
    plain = job(tiny_easel, base_model, sampler=sampler, guidance_end=0.5)
    quick = job(tiny_easel, base_model, sampler=sampler, guidance_end=0.5, deep_cache=3)
    before = pixels(tiny_easel.render(plain).image)
    sizes, asked[:] = list(asked), []
    cached = pixels(tiny_easel.render(quick).image)
    assert asked == sizes
    assert (cached != before).any()
    assert (pixels(tiny_easel.render(plain).image) == before).all()


def test_deep_cache_is_refused_for_a_unet_without_a_middle(
    tiny_easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = UNet2DConditionModel.__getattr__

    def without(unet: Any, name: str) -> Any:
        return None if name == "mid_block" else real(unet, name)

    monkeypatch.setattr(UNet2DConditionModel, "__getattr__", without)
    with pytest.raises(
        IncompatibleModelError, match="'sd15' has no middle block, .* set DeepCache to 1"
    ):
        tiny_easel.render(job(tiny_easel, deep_cache=3))
