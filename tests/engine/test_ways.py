"""Precision, deadlines, and the ways to be quicker that cost some likeness."""

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
from studio.engine.options import EngineOptions, resolve_device, resolve_dtype
from studio.errors import JobCancelledError, JobTimeoutError, RenderError
from studio.recipes.generation.samplers import Sampler
from tests.engine.conftest import Easel
from tests.engine.pixels import pixels


def with_ways(easel: Easel, clock: Callable[[], float] = time.monotonic, **ways: Any) -> Easel:
    engine = Engine(easel.catalog, "cpu", ways=EngineOptions(**ways), clock=clock)
    return Easel(easel.studio, easel.catalog, engine)


def test_precision_follows_the_device_unless_told() -> None:
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert resolve_dtype(cpu, "auto") == torch.float32
    assert resolve_dtype(cuda, "auto") == torch.float16
    assert resolve_dtype(cpu, "bf16") == torch.bfloat16
    assert resolve_dtype(cuda, "fp32") == torch.float32


def test_a_device_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto").type == "cpu"
    with pytest.raises(RenderError, match="finds no device 'cuda' here: .* STUDIO_DEVICE to auto"):
        resolve_device("cuda")


def test_half_precision_draws_nearly_the_same(easel: Easel) -> None:
    job = easel.job()
    whole, half = (
        pixels(each.render(job).image) for each in (easel, with_ways(easel, precision="bf16"))
    )
    assert (whole != half).any()
    assert np.abs(whole - half).mean() < 8


def test_what_overflows_in_half_precision_is_drawn_once_more_in_full(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipelines.run_pass

    def overflowing(parts: Any, *arguments: Any) -> torch.Tensor:
        if parts.dtype != torch.float32:
            raise NonFiniteLatentsError
        return real(parts, *arguments)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", overflowing)
    job = easel.job()
    rendered = with_ways(easel, precision="bf16").render(job)
    assert tuple(map(str, rendered.notes)) == (
        "half precision overflowed: drawn once more in full precision",
    )
    assert (pixels(rendered.image) == pixels(easel.render(job).image)).all()


def test_a_vae_that_overflows_never_leaves_a_black_image(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The VAE alone decodes the same latents once more: no step is drawn again."""
    real, steps = AutoencoderKL.decode, []

    def overflowing(vae: AutoencoderKL, *arguments: Any, **options: Any) -> Any:
        pixels = real(vae, *arguments, **options)[0]
        return (pixels * (float("nan") if vae.dtype != torch.float32 else 1.0),)

    half, job = with_ways(easel, precision="bf16"), easel.job()
    usual = pixels(half.render(job).image)
    with monkeypatch.context() as patched:
        patched.setattr(AutoencoderKL, "decode", overflowing)
        rendered = half.render(job, on_step=lambda done, total: steps.append((done, total)))
    said = "the VAE overflowed in half precision: decoded once more in full precision"
    assert tuple(map(str, rendered.notes)) == (said,)
    assert steps == [(step, len(steps)) for step in range(1, len(steps) + 1)]
    assert half.engine.status().base_models.misses == 1
    assert np.abs(pixels(rendered.image) - usual).mean() < 3
    assert (pixels(half.render(job).image) == usual).all()


def test_a_vae_that_overflows_on_the_way_in_is_asked_once_more_in_full_precision(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AutoencoderKL.encode

    def overflowing(vae: AutoencoderKL, *arguments: Any, **options: Any) -> Any:
        found = real(vae, *arguments, **options)
        if vae.dtype != torch.float32:
            found.latent_dist.mean.fill_(float("inf"))
        return found

    half, job = with_ways(easel, precision="bf16"), easel.job()
    usual = pixels(with_ways(easel, precision="bf16").render(job).image)
    monkeypatch.setattr(AutoencoderKL, "encode", overflowing)
    rendered = half.render(job)
    assert rendered.notes == ()
    assert np.abs(pixels(rendered.image) - usual).mean() < 3
    assert half.engine.status().base_models.misses == 1


def test_what_overflows_in_both_names_the_recipe(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflowing(*_: Any) -> torch.Tensor:
        raise NonFiniteLatentsError

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", overflowing)
    with pytest.raises(RenderError, match="recipe B made no picture: the numbers overflowed"):
        with_ways(easel, precision="bf16").render(easel.job())


def test_a_slow_job_ends_at_its_deadline_and_the_next_is_whole(easel: Easel) -> None:
    """Issue 18, 0: by a clock of the test's own, which only the steps of the slow job move."""
    seen: list[int] = []
    strict = with_ways(easel, clock=lambda: 1.2 * len(seen), job_seconds=2.0)
    job = easel.job()
    whole = pixels(strict.render(job).image)
    with pytest.raises(JobTimeoutError, match=r"variant B took longer .* of \d: take fewer steps"):
        strict.render(easel.job(steps=12), on_step=lambda done, _: seen.append(done))
    assert seen == [1, 2]
    assert (pixels(strict.render(job).image) == whole).all()


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M", "LCM"])
def test_deep_cache_draws_nearly_the_same_and_is_gone_after(easel: Easel, sampler: Sampler) -> None:
    plain = easel.job(steps=16, sampler=sampler)
    quick = easel.job(steps=16, sampler=sampler, deep_cache=3)
    before = pixels(easel.render(plain).image)
    cached = pixels(easel.render(quick).image)
    assert (cached != before).any()
    assert np.abs(cached - before).mean() < 20
    assert (pixels(easel.render(plain).image) == before).all()


def test_deep_cache_is_gone_also_after_a_stop(easel: Easel) -> None:
    plain, quick = easel.job(), easel.job(deep_cache=2)
    before = pixels(easel.render(plain).image)
    with pytest.raises(JobCancelledError):
        easel.render(quick, is_cancelled=lambda: True)
    assert (pixels(easel.render(plain).image) == before).all()


def test_an_exact_engine_leaves_approximations_out_and_says_so(easel: Easel) -> None:
    exact = with_ways(easel, exact=True)
    rendered = exact.render(easel.job(deep_cache=3))
    assert tuple(map(str, rendered.notes)) == ("DeepCache was left out: exact mode",)
    assert (pixels(rendered.image) == pixels(easel.render(easel.job()).image)).all()


def test_a_compiled_engine_draws_nearly_the_same_and_unplugs_as_cleanly(easel: Easel) -> None:
    plain, plugged = easel.job(), easel.job(deep_cache=2)
    compiled = with_ways(easel, compile=True)
    before = pixels(compiled.render(plain).image)
    assert np.abs(before - pixels(easel.render(plain).image)).mean() < 1
    assert (pixels(compiled.render(plugged).image) != before).any()
    assert (pixels(compiled.render(plain).image) == before).all()


def test_what_cannot_be_compiled_says_how_to_go_on(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> torch.Tensor:
        raise TorchDynamoException("no g++ was found")

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", failing)
    with pytest.raises(RenderError, match="torch cannot compile pocket-ink here .*COMPILE off"):
        easel.render(easel.job())
