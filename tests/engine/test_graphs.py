"""Recorded steps draw the eager pixels, for whatever changes between renders, or are not used.

One engine serves all tests, since loading takes longest; each test has a size, and so recordings, of
its own.
"""

from typing import Any

import pytest

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ControlUnit, LoraSettings, ModelRef
from studio.settings import bundled_path
from tests import examples
from tests.engine import tiny
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import Pixels, pixels
from tests.engine.simulated_gpu import SimulatedGpu
from tests.engine.simulated_graphs import SimulatedGraphBackend


def unit(preprocessor: str, **changes: Any) -> ControlUnit:
    return examples.unit(preprocessor, model=ModelRef(name=f"sd15-{preprocessor}"), **changes)


UNITS = (unit("scribble"), unit("pose", weight=0.6))
SMALL: dict[str, Any] = {
    "base_model": ModelRef(name="sd15"),
    "control_units": (),
    "width": 64,
    "height": 64,
    "steps": 3,
    "denoising_strength": 1.0,
    "guidance_scale": 4.0,
    "sampler": "Euler",
}


@pytest.fixture(scope="module")
def tiny_harness(
    shipped_studio: AppContainer, tmp_path_factory: pytest.TempPathFactory
) -> RenderHarness:
    """Tiny models of three families, rendered without graphs."""
    directory = tmp_path_factory.mktemp("models")
    tiny.write_folder("sd15", directory, "sd15")
    tiny.write_folder("sd15", directory, "other", seed=5)
    tiny.write_folder("sdxl", directory, "sdxl")
    tiny.write_folder("sd3", directory, "sd3")
    for name in ("sd15-scribble", "sd15-pose"):
        tiny.tiny_controlnet("sd15").save_pretrained(directory / "controlnets" / name)
    tiny.tiny_controlnet("sdxl").save_pretrained(directory / "controlnets" / "xl")
    catalog = ModelCatalog((bundled_path("assets") / "models", directory), HashCache(None))
    return RenderHarness(shipped_studio, catalog, Engine(catalog, "cpu"))


class Graphed:
    """The same engine with and without recorded steps."""

    def __init__(self, harness: RenderHarness, backend: SimulatedGraphBackend) -> None:
        self.backend, self.eager = backend, harness
        limits = CacheLimits(max_device_models=1, graph_bytes=100)
        engine = Engine(harness.catalog, "cpu", limits, mover=SimulatedGpu(), graph_backend=backend)
        self.harness = RenderHarness(harness.studio, harness.catalog, engine)

    def captures(self, **changes: Any) -> int:
        """Renders with and without graphs, compares, and returns how many captures it took."""
        before = self.backend.captures
        job = self.eager.job(**(SMALL | changes))
        job = job.model_copy(update={"seed": 7})
        assert (self.pixels(job) == pixels(self.eager.render(job).image)).all()
        return self.backend.captures - before

    def pixels(self, job: Any) -> Pixels:
        result = self.harness.render(job)
        assert result.notes == ()
        return pixels(result.image)


@pytest.fixture(scope="module")
def graphed(tiny_harness: RenderHarness) -> Graphed:
    return Graphed(tiny_harness, SimulatedGraphBackend())


def test_recording_serves_all_steps_seeds_prompts_scales_and_weights(graphed: Graphed) -> None:
    assert graphed.captures(control_units=UNITS) == 2  # The step, and the VAE.
    assert graphed.backend.replays == 4
    other = (unit("scribble", weight=0.3), unit("pose", weight=1.2))
    assert graphed.captures(control_units=other, guidance_scale=7.5, sampler="DPM++ 2M") == 0
    assert graphed.captures(control_units=UNITS, doodle="sporty", steps=5) == 0


def test_units_and_guidance_that_end_are_recordings_of_their_own(graphed: Graphed) -> None:
    windows = {
        "control_units": (
            unit("scribble", end=0.5),
            unit("pose", mode="ControlNet is more important", start=0.5),
        ),
        "height": 72,
        "steps": 4,
    }
    assert graphed.captures(**windows) == 3
    assert graphed.captures(**windows, guidance_end_fraction=0.5) == 1
    assert graphed.captures(**windows, guidance_end_fraction=0.5) == 0


@pytest.mark.parametrize("sampler", ["Heun", "DDIM", "PLMS", "LCM", "Euler a"])
def test_samplers_share_a_recording(graphed: Graphed, sampler: str) -> None:
    size = {"height": 80, "guidance_end_fraction": 0.5}
    graphed.captures(**size)
    assert graphed.captures(**size, sampler=sampler) == 0


def test_deepcache_has_a_recording_of_each_kind_of_step(graphed: Graphed) -> None:
    cached = {"control_units": UNITS, "height": 112, "steps": 6, "deepcache_interval": 3}
    assert graphed.captures(**cached) == 3  # Full, in between, and the VAE.
    assert graphed.captures(**cached, guidance_end_fraction=0.5) == 2
    assert graphed.captures(**cached, guidance_end_fraction=0.5, sampler="DPM++ 2M") == 0


def test_loras_are_part_of_the_recording(graphed: Graphed) -> None:
    pocket = {"base_model": ModelRef(name="pocket-ink"), "steps": 2, "height": 88}
    lora = LoraSettings(model=ModelRef(name="pocket-neon"), weight=0.8)
    assert graphed.captures(**pocket) == 2
    assert graphed.captures(**pocket, loras=[lora]) == 1
    assert graphed.captures(**pocket, loras=[lora.model_copy(update={"weight": 0.4})]) == 1
    assert graphed.captures(**pocket, loras=[lora]) == 0
    assert graphed.captures(**pocket) == 0


def test_model_that_came_back_to_another_place_is_recorded_anew(graphed: Graphed) -> None:
    shared = {"control_units": UNITS, "height": 96, "steps": 2}
    assert graphed.captures(**shared) == 2
    assert graphed.captures(**shared, base_model=ModelRef(name="other")) == 2
    # Another has taken its UNet's place on the device; the VAE has stayed.
    assert graphed.captures(**shared) == 1


def test_what_cannot_be_recorded_runs_eagerly_and_says_so(
    graphed: Graphed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphed.backend, "fail_with", "no more memory")
    job, before = graphed.eager.job(**(SMALL | {"height": 104})), graphed.backend.captures
    for _ in range(2):
        result = graphed.harness.render(job)
        assert (pixels(result.image) == pixels(graphed.eager.render(job).image)).all()
        assert tuple(map(str, result.notes)) == (
            "Rendered without CUDA graphs (slower): no more memory",
        )
    assert graphed.backend.captures - before == 2  # The step and the VAE, once each.
    assert graphed.harness.engine.status().graph_fallbacks == 8


def test_sdxl_with_a_controlnet_is_recorded_and_sd3_runs_as_it_is(graphed: Graphed) -> None:
    sdxl = {"base_model": ModelRef(name="sdxl"), "guidance_end_fraction": 0.5, "steps": 2}
    xl_unit = examples.unit("scribble", model=ModelRef(name="xl"))
    assert graphed.captures(**sdxl, control_units=[xl_unit]) == 3
    assert graphed.captures(**sdxl, control_units=[xl_unit]) == 0
    assert graphed.captures(base_model=ModelRef(name="sd3"), steps=2) == 1  # The VAE.


def test_weights_that_move_during_a_step_are_not_recorded(
    graphed: Graphed, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = graphed.eager.job(**(SMALL | {"height": 120, "deepcache_interval": 3}))
    uncached = graphed.eager.job(**(SMALL | {"height": 120}))
    expected = pixels(graphed.eager.render(uncached).image)
    monkeypatch.setattr("studio.engine.diffusion.step_graphs.has_hooks", lambda modules: True)
    result = graphed.harness.render(job)
    assert (pixels(result.image) == expected).all()
    assert tuple(map(str, result.notes)) == (
        "Rendered without CUDA graphs (slower): weights are offloaded during the steps, which also"
        " rules out DeepCache",
    )
