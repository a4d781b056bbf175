"""Out of memory on a simulated gpu, through the engine's public interface."""

import threading
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
)

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.engine import Engine
from studio.engine.memory.component import Component
from studio.engine.results import RenderListener
from studio.errors import DeviceLostError, InsufficientMemoryError, RenderError
from studio.imaging.png_io import decode_png
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


def device_bytes(harness: RenderHarness) -> int:
    """Bytes on the device after a job."""
    unlimited = on_gpu(harness, SimulatedGpu())
    render(unlimited)
    status = unlimited.engine.status()
    return status.base_models.bytes("device") + status.controlnets.bytes("device")


# Issue 18, 3.
def test_full_device_offloads_another_base_model_and_renders(harness: RenderHarness) -> None:
    gpu = SimulatedGpu()
    tight = on_gpu(harness, gpu)
    render(tight, "pocket-water")
    before = gpu.transfers
    gpu.fail_on = lambda transfers: out_of_memory() if transfers == before else None
    assert (render(tight) == render(harness)).all()
    assert tiers(tight) == {"pocket-water": "ram", "pocket-ink": "device"}
    status = tight.engine.status()
    assert not any(entry.pinned for entry in status.base_models.residents)
    assert (render(tight, "pocket-water") == render(harness, "pocket-water")).all()
    assert tight.engine.status().base_models.misses == 2


# Issue 18, 3.
def test_device_with_room_for_one_base_model_alternates_between_two(harness: RenderHarness) -> None:
    tight = on_gpu(harness, SimulatedGpu(capacity=int(1.2 * device_bytes(harness))))
    for base_model in ("pocket-ink", "pocket-water", "pocket-ink"):
        assert (render(tight, base_model) == render(harness, base_model)).all()
    assert tight.engine.status().base_models.misses == 2


# Issue 18, 3.
def test_model_that_never_fits_is_named_and_leaves_no_allocation(
    harness: RenderHarness,
) -> None:
    gpu = SimulatedGpu()
    tight = on_gpu(harness, gpu)
    gpu.fail_on = lambda transfers: out_of_memory() if transfers > 2 else None
    with pytest.raises(RenderError, match="Out of device memory: pocket-ink at 256 x 256"):
        render(tight)
    tight.engine.unload_all()
    assert gpu.device_memory.allocated == 0
    gpu.fail_on = lambda transfers: None
    assert (render(tight) == render(harness)).all()


# Issue 18, 2 and 3.
def test_device_lost_during_a_transfer_is_reported(harness: RenderHarness) -> None:
    gpu = SimulatedGpu()
    tight = on_gpu(harness, gpu)
    lost = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    gpu.fail_on = lambda transfers: lost if transfers == 1 else None
    with pytest.raises(DeviceLostError, match="Device failed while rendering with pocket-ink"):
        render(tight)
    tight.engine.unload_all()
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


# Issue 20, 5.
@pytest.mark.parametrize(
    ("share", "steps"),
    [
        (0.8, {"evict", "controlnets_in_turn"}),
        (0.35, {"evict", "controlnets_in_turn", "denoiser_by_blocks"}),
    ],
)
def test_card_that_is_too_small_for_the_job_renders_the_same_pixels(
    harness: RenderHarness, share: float, steps: set[str]
) -> None:
    gpu = SimulatedGpu(capacity=int(share * device_bytes(harness)))
    tight = on_gpu(harness, gpu)
    job = harness.job(**FAST)
    result = tight.render(job)
    assert (pixels(result.image) == pixels(harness.render(job).image)).all()
    notes = {note.id.removeprefix("engine.memory_") for note in result.notes}
    assert notes == set(tight.engine.status().oom_steps) == steps
    assert all("Out of device memory" in str(note) for note in result.notes)


# Issue 20, 5.
def test_decoding_out_of_memory_repeats_the_decode_alone_in_tiles(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tiled, steps = AutoencoderKL.decode, [], []

    def decode(vae: AutoencoderKL, *args: Any, **kwargs: Any) -> Any:
        tiled.append(vae.use_tiling)
        if not vae.use_tiling:
            raise out_of_memory()
        return real(vae, *args, **kwargs)

    tight, job = on_gpu(harness, SimulatedGpu()), harness.job(**FAST)
    with monkeypatch.context() as patched:
        patched.setattr(AutoencoderKL, "decode", decode)
        result = tight.render(job, on_step=lambda done, total: steps.append(done))
    assert steps == [1]
    assert tiled[-2:] == [False, True]
    assert tight.engine.status().oom_steps["vae_tiling"] == 1
    difference = pixels(result.image) - pixels(harness.render(job).image)
    assert np.abs(difference).mean() < 2
    assert (pixels(tight.render(job).image) == pixels(harness.render(job).image)).all()


# Review of issue 20: a retry in tiles must not change later renders.
def test_latents_that_were_encoded_in_tiles_are_not_kept(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AutoencoderKL.encode

    def encode(vae: AutoencoderKL, *args: Any, **kwargs: Any) -> Any:
        if not vae.use_tiling:
            raise out_of_memory()
        return real(vae, *args, **kwargs)

    tight = on_gpu(harness, SimulatedGpu())
    with monkeypatch.context() as patched:
        patched.setattr(AutoencoderKL, "encode", encode)
        render(tight)
    assert tight.engine.status().oom_steps["vae_tiling"] == 1
    assert tight.engine.status().latents.entries == 0
    render(tight)
    assert tight.engine.status().latents.entries == 1


# Review of issue 20: what was read by then must not stay for ever.
@pytest.mark.parametrize("fails_at", [1, 2])
def test_model_whose_ram_copy_cannot_be_made_leaves_nothing(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    gpu, calls = SimulatedGpu(), []

    def prepare(component: Component) -> None:
        calls.append(component)
        if len(calls) == fails_at:
            raise MemoryError

    monkeypatch.setattr(gpu, "prepare", prepare)
    tight = on_gpu(harness, gpu)
    with pytest.raises(InsufficientMemoryError):
        tight.engine.prefetch(harness.job(**FAST))
    assert tight.engine.ledger.entries == ()


# Issue 20, 5.
def test_batch_is_rendered_in_parts_when_it_is_too_large(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = pipelines.run_pass, []

    def run(base_model: Any, jobs: Any, *args: Any) -> torch.Tensor:
        sizes.append(len(jobs))
        if len(jobs) > 1:
            raise out_of_memory()
        return real(base_model, jobs, *args)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", run)
    tight, job = on_gpu(harness, SimulatedGpu()), harness.job(**FAST)
    jobs = [job, job.model_copy(update={"seed": 5}), job.model_copy(update={"seed": 6})]
    base = decode_png(harness.studio.stores.base_images.read_png(job.base_image), "the base image")
    doodle = decode_png(job.doodle.png_bytes, "the doodle") if job.doodle else None
    results = tight.engine.render_batch(jobs, base, doodle, [RenderListener()] * 3)
    # Two steps do not help; then halves of three, of which the larger is halved again.
    assert sizes == [3, 3, 3, 1, 2, 1, 1]
    for one, result in zip(jobs, results, strict=True):
        assert (pixels(result.image) == pixels(harness.render(one).image)).all()
        assert "engine.memory_smaller_batch" in [note.id for note in result.notes]
    sizes.clear()
    tight.engine.render_batch(jobs, base, doodle, [RenderListener()] * 3)
    assert sizes == [1, 1, 1]  # What did not fit is not tried again,
    tight.engine.unload_all()
    sizes.clear()
    tight.engine.render_batch(jobs[:2], base, doodle, [RenderListener()] * 2)
    assert sizes[0] == 2  # until everything was unloaded.


# Issue 20, 5.
def test_fused_loras_are_undone_bit_by_bit_between_jobs(harness: RenderHarness) -> None:
    with_lora: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
    weaker: dict[str, Any] = {
        "loras": [LoraSettings(model=ModelRef(name="pocket-neon"), weight=0.5)]
    }
    card = on_gpu(harness, SimulatedGpu(fuses_loras=True))
    fused = render(card, **with_lora)
    assert np.abs(fused - render(harness, **with_lora)).mean() < 1
    assert (render(card) == render(harness)).all()
    half = render(card, **weaker)
    assert (half != fused).any()
    assert (render(card, **with_lora) == fused).all()
    render(card, "pocket-water", **with_lora)
    assert (render(card, "pocket-water") == render(harness, "pocket-water")).all()
    assert (render(card, **weaker) == half).all()


# Issue 20, 5.
def test_finetunes_hold_what_they_share_once(harness: RenderHarness) -> None:
    card = on_gpu(harness, SimulatedGpu())
    render(card, "pocket-ink")
    first = card.engine.status().base_models.bytes("ram")
    render(card, "pocket-water")
    kinds = [entry.kind for entry in card.engine.ledger.entries]
    assert kinds.count("denoiser") == 2
    assert kinds.count("vae") == kinds.count("text_encoder") == 1
    assert card.engine.status().base_models.bytes("ram") < 2 * first


# Issue 20, 3.
def test_prefetched_models_are_in_ram_when_their_job_comes(harness: RenderHarness) -> None:
    card, job = on_gpu(harness, SimulatedGpu()), harness.job(**FAST)
    loaded: list[str] = []
    thread = threading.Thread(target=card.engine.prefetch, args=[job])
    thread.start()
    thread.join(60)
    assert tiers(card) == {"pocket-ink": "ram"}
    result = card.render(job, on_loading=loaded.append)
    assert loaded == []
    assert (pixels(result.image) == pixels(harness.render(job).image)).all()
