"""Out of memory on a simulated gpu, through the engine's public interface."""

from typing import Any

import pytest
import torch
from diffusers import StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.engine import Engine
from studio.errors import DeviceLostError, InsufficientMemoryError
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import Pixels, pixels
from tests.engine.simulated_gpu import SimulatedGpu, out_of_memory

FAST: dict[str, Any] = {"steps": 2, "denoising_strength": 0.5}


def on_gpu(harness: RenderHarness, gpu: SimulatedGpu) -> RenderHarness:
    engine = Engine(harness.catalog, "cpu", mover=gpu)
    return RenderHarness(harness.studio, harness.catalog, engine)


def render(harness: RenderHarness, base_model: str = "pocket-ink", **changes: Any) -> Pixels:
    job = harness.job(base_model=ModelRef(name=base_model), **FAST, **changes)
    return pixels(harness.render(job).image)


def tiers(harness: RenderHarness) -> dict[str, str]:
    return {entry.key: entry.tier for entry in harness.engine.status().base_models.residents}


# Issue 18, 3.
@pytest.mark.parametrize("offset", [0, 40, 200])
def test_full_device_offloads_another_base_model_and_renders(
    harness: RenderHarness, offset: int
) -> None:
    gpu = SimulatedGpu()
    tight = on_gpu(harness, gpu)
    render(tight, "pocket-water")
    before = gpu.transfers
    gpu.fail_on = lambda transfers: out_of_memory() if transfers == before + offset else None
    assert (render(tight) == render(harness)).all()
    assert tiers(tight) == {"pocket-water": "ram", "pocket-ink": "device"}
    status = tight.engine.status()
    assert not any(entry.pinned for entry in status.base_models.residents)
    assert (render(tight, "pocket-water") == render(harness, "pocket-water")).all()
    assert tight.engine.status().base_models.misses == 2


# Issue 18, 3.
def test_device_with_room_for_one_base_model_alternates_between_two(harness: RenderHarness) -> None:
    unlimited = on_gpu(harness, SimulatedGpu())
    render(unlimited)
    status = unlimited.engine.status()
    required = status.base_models.bytes("device") + status.controlnets.bytes("device")
    tight = on_gpu(harness, SimulatedGpu(capacity=int(1.2 * required)))
    for base_model in ("pocket-ink", "pocket-water", "pocket-ink"):
        assert (render(tight, base_model) == render(harness, base_model)).all()
    assert tight.engine.status().base_models.misses == 2


# Issue 18, 3.
def test_model_that_never_fits_is_named_and_leaves_no_allocation(
    harness: RenderHarness,
) -> None:
    gpu = SimulatedGpu()
    tight = on_gpu(harness, gpu)
    gpu.fail_on = lambda transfers: out_of_memory() if transfers > 30 else None
    with pytest.raises(
        InsufficientMemoryError,
        match="Out of device memory: model pocket-ink needs .* MB beside the models in use",
    ):
        render(tight)
    assert gpu.device_memory.allocated == 0
    gpu.fail_on = lambda transfers: None
    assert (render(tight) == render(harness)).all()


# Issue 18, 2 and 3.
def test_device_lost_during_a_transfer_is_reported(harness: RenderHarness) -> None:
    gpu = SimulatedGpu()
    tight = on_gpu(harness, gpu)
    lost = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    gpu.fail_on = lambda transfers: lost if transfers == 30 else None
    with pytest.raises(DeviceLostError, match="Device failed while rendering with pocket-ink"):
        render(tight)
    assert gpu.device_memory.allocated == 0


# Issue 18, 3.
def test_out_of_memory_while_rendering_reloads_nothing_from_disk(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu, real, calls = SimulatedGpu(), pipelines.run_pass, []
    tight = on_gpu(harness, gpu)
    with_lora: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
    render(tight, "pocket-water", **with_lora)
    before = tight.engine.status()

    def fail_once(*args: Any) -> torch.Tensor:
        calls.append(tiers(tight))
        if len(calls) == 1:
            raise out_of_memory()
        return real(*args)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", fail_once)
    render(tight)
    assert calls == [
        {"pocket-water": "device", "pocket-ink": "device"},
        {"pocket-water": "ram", "pocket-ink": "device"},
    ]
    render(tight, "pocket-water", **with_lora)
    after = tight.engine.status()
    assert after.base_models.misses == before.base_models.misses + 1
    assert after.lora_files.entries == before.lora_files.entries == 1
    assert after.lora_files.misses == before.lora_files.misses
    assert after.embeddings.misses == before.embeddings.misses + 1


# Issue 18, 3.
def test_out_of_memory_while_attaching_a_lora_is_retried(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lora: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
    expected = render(harness, **with_lora)
    calls: list[int] = []
    for pipe in (StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline):
        real = pipe.load_lora_weights

        def fail_once(self: Any, *args: Any, real: Any = real, **kwargs: Any) -> Any:
            calls.append(1)
            if len(calls) == 1:
                raise out_of_memory()
            return real(self, *args, **kwargs)

        monkeypatch.setattr(pipe, "load_lora_weights", fail_once)
    tight = on_gpu(harness, SimulatedGpu())
    assert (render(tight, **with_lora) == expected).all()
    assert len(calls) == 2
