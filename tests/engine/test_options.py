"""Engine options: precision, job timeout, and the optimizations that cost some fidelity."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from torch._dynamo.exc import TorchDynamoException

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.diffusion.latents import NonFiniteLatentsError
from studio.engine.engine import Engine
from studio.engine.options import (
    BF16_DIFFERENCE,
    EngineOptions,
    has_native_bf16,
    resolve_batch_size,
    resolve_dtype,
)
from studio.errors import JobCancelledError, JobTimeoutError, RenderError
from studio.recipes.generation.planning import MAX_BATCH_SIZE
from studio.recipes.generation.samplers import Sampler
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import pixels


def with_options(
    harness: RenderHarness, clock: Callable[[], float] = time.monotonic, **options: Any
) -> RenderHarness:
    engine = Engine(harness.catalog, "cpu", options=EngineOptions(**options), clock=clock)
    return RenderHarness(harness.studio, harness.catalog, engine)


@pytest.mark.parametrize(
    ("capabilities", "native"),
    [
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"avx512_f": True}, False),
        ({}, False),
    ],
)
def test_cpu_with_bf16_is_recognized(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], native: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_native_bf16() is native


def test_auto_precision_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert resolve_dtype(cpu, "auto") == torch.float32
    monkeypatch.setattr("studio.engine.options.has_native_bf16", lambda: True)
    assert resolve_dtype(cpu, "auto") == torch.bfloat16
    assert resolve_dtype(cpu, "auto", disable_approximations=True) == torch.float32
    assert resolve_dtype(cuda, "auto") == torch.float16
    assert resolve_dtype(cpu, "bf16") == torch.bfloat16
    assert resolve_dtype(cuda, "fp32") == torch.float32


@pytest.mark.parametrize(
    ("device", "options", "size"),
    [
        ("cuda", {}, MAX_BATCH_SIZE),
        ("cpu", {}, 1),
        ("cpu", {"batching": "on"}, MAX_BATCH_SIZE),
        ("cuda", {"batching": "off"}, 1),
        ("cuda", {"disable_approximations": True}, 1),
        ("cuda", {"batching": "on", "disable_approximations": True}, 1),
    ],
)
def test_batches_are_for_graphics_cards_and_never_in_exact_mode(
    device: str, options: dict[str, Any], size: int
) -> None:
    assert resolve_batch_size(torch.device(device), EngineOptions(**options)) == size


def test_half_precision_renders_nearly_the_same(harness: RenderHarness) -> None:
    job = harness.job()
    fp32, bf16 = (
        pixels(variation.render(job).image)
        for variation in (harness, with_options(harness, precision="bf16"))
    )
    assert (fp32 != bf16).any()
    assert np.abs(fp32 - bf16).mean() < BF16_DIFFERENCE


def test_overflow_in_half_precision_falls_back_to_fp32(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipelines.run_pass

    def overflowing(base_model: Any, *args: Any) -> torch.Tensor:
        # Returns (jobs, channels, height/8, width/8).
        if base_model.dtype != torch.float32:
            raise NonFiniteLatentsError
        return real(base_model, *args)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", overflowing)
    job = harness.job()
    result = with_options(harness, precision="bf16").render(job)
    assert tuple(map(str, result.notes)) == ("fp16 overflow; re-rendered in fp32",)
    assert (pixels(result.image) == pixels(harness.render(job).image)).all()


def test_vae_overflow_while_decoding_falls_back_to_fp32(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the VAE runs again, on the same latents: no denoising step is repeated."""
    real, steps = AutoencoderKL.decode, []

    def overflowing(vae: AutoencoderKL, *args: Any, **kwargs: Any) -> Any:
        sample = real(vae, *args, **kwargs)[0]
        return (sample * (float("nan") if vae.dtype != torch.float32 else 1.0),)

    half = with_options(harness, precision="bf16", disable_approximations=True)
    job = harness.job()
    expected = pixels(half.render(job).image)
    with monkeypatch.context() as patched:
        patched.setattr(AutoencoderKL, "decode", overflowing)
        result = half.render(job, on_step=lambda done, total: steps.append((done, total)))
    note = "VAE fp16 overflow; decoded again in fp32"
    assert tuple(map(str, result.notes)) == (note,)
    assert steps == [(step, len(steps)) for step in range(1, len(steps) + 1)]
    assert half.engine.status().base_models.misses == 1
    assert np.abs(pixels(result.image) - expected).mean() < 3
    assert (pixels(half.render(job).image) == expected).all()


# Issue 20, 6.
@pytest.mark.parametrize("disable_approximations", [False, True])
def test_vae_that_overflowed_decodes_in_fp32_at_once(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch, disable_approximations: bool
) -> None:
    """But in exact mode: there an image does not depend on what was rendered before it."""
    dtypes: list[torch.dtype] = []
    real = AutoencoderKL.decode

    def overflowing(vae: AutoencoderKL, latents: torch.Tensor, **kwargs: Any) -> Any:
        # (1, channels, height/8, width/8)
        dtypes.append(vae.dtype)
        output = real(vae, latents, **kwargs)
        return output if vae.dtype == torch.float32 else (output[0].fill_(float("inf")),)

    monkeypatch.setattr(AutoencoderKL, "decode", overflowing)
    half = with_options(harness, precision="bf16", disable_approximations=disable_approximations)
    first, second = (half.render(harness.job()) for _ in range(2))
    bf16, fp32 = torch.bfloat16, torch.float32
    assert dtypes == ([bf16, fp32, bf16, fp32] if disable_approximations else [bf16, fp32, fp32])
    assert first.notes == second.notes
    assert (pixels(first.image) == pixels(second.image)).all()


def test_vae_overflow_while_encoding_falls_back_to_fp32(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AutoencoderKL.encode

    def overflowing(vae: AutoencoderKL, *args: Any, **kwargs: Any) -> Any:
        output = real(vae, *args, **kwargs)
        if vae.dtype != torch.float32:
            output.latent_dist.mean.fill_(float("inf"))
        return output

    half, job = with_options(harness, precision="bf16"), harness.job()
    expected = pixels(with_options(harness, precision="bf16").render(job).image)
    monkeypatch.setattr(AutoencoderKL, "encode", overflowing)
    result = half.render(job)
    assert result.notes == ()
    assert np.abs(pixels(result.image) - expected).mean() < 3
    assert half.engine.status().base_models.misses == 1


def test_overflow_in_fp32_too_names_the_recipe(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflowing(*_: Any) -> torch.Tensor:
        raise NonFiniteLatentsError

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", overflowing)
    with pytest.raises(RenderError, match="Non-finite latents in recipe B"):
        with_options(harness, precision="bf16").render(harness.job())


def test_job_timeout_ends_a_slow_job_and_the_next_is_unaffected(harness: RenderHarness) -> None:
    """Issue 18, 0: by a fake clock that only the steps of the slow job advance."""
    steps: list[int] = []
    limited = with_options(harness, clock=lambda: 1.2 * len(steps), job_timeout_seconds=2.0)
    job = harness.job()
    expected = pixels(limited.render(job).image)
    with pytest.raises(
        JobTimeoutError,
        match=r"Variant B exceeded the job time limit at step .* of \d\. Use fewer steps",
    ):
        limited.render(harness.job(steps=12), on_step=lambda done, _: steps.append(done))
    assert steps == [1, 2]
    assert (pixels(limited.render(job).image) == expected).all()


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M", "LCM"])
def test_deepcache_renders_nearly_the_same_and_is_removed_afterwards(
    harness: RenderHarness, sampler: Sampler
) -> None:
    uncached = harness.job(steps=16, sampler=sampler)
    cached_job = harness.job(steps=16, sampler=sampler, deepcache_interval=3)
    before = pixels(harness.render(uncached).image)
    cached = pixels(harness.render(cached_job).image)
    assert (cached != before).any()
    assert np.abs(cached - before).mean() < 20
    assert (pixels(harness.render(uncached).image) == before).all()


def test_deepcache_is_removed_after_a_cancelled_job(harness: RenderHarness) -> None:
    uncached, cached_job = harness.job(), harness.job(deepcache_interval=2)
    before = pixels(harness.render(uncached).image)
    with pytest.raises(JobCancelledError):
        harness.render(cached_job, should_cancel=lambda: True)
    assert (pixels(harness.render(uncached).image) == before).all()


def test_exact_mode_leaves_out_deepcache_with_a_note(harness: RenderHarness) -> None:
    exact = with_options(harness, disable_approximations=True)
    result = exact.render(harness.job(deepcache_interval=3))
    assert tuple(map(str, result.notes)) == ("DeepCache skipped (exact mode)",)
    assert (pixels(result.image) == pixels(harness.render(harness.job()).image)).all()


@pytest.mark.slow
def test_torch_compile_renders_nearly_the_same_and_deepcache_is_removed(
    harness: RenderHarness,
) -> None:
    uncached, cached_job = harness.job(), harness.job(deepcache_interval=2)
    compiled = with_options(harness, torch_compile=True)
    before = pixels(compiled.render(uncached).image)
    assert np.abs(before - pixels(harness.render(uncached).image)).mean() < 1
    assert (pixels(compiled.render(cached_job).image) != before).any()
    assert (pixels(compiled.render(uncached).image) == before).all()


def test_compile_failure_is_reported_with_a_hint(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> torch.Tensor:
        raise TorchDynamoException("no g++ was found")

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", fail)
    with pytest.raises(RenderError, match="torch cannot compile pocket-ink .*COMPILE off"):
        harness.render(harness.job())
