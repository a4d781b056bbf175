"""Optimizations that trade exactness for speed: gain and change of the image."""

from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import torch
from PIL import Image

from benchmarks.model_zoo import ModelZoo
from benchmarks.report import elapsed_seconds
from benchmarks.workloads import CanvasInput, EngineHarness
from studio.engine.options import EngineOptions
from studio.recipes.generation.job import RenderJob

PLAIN = EngineOptions(precision="auto" if torch.cuda.is_available() else "fp32")
"""What each optimization is measured against: on a CPU that computes in bf16, `auto` is one of them."""


@dataclass(frozen=True)
class Optimization:
    """`factor` is the speed-up; `difference` the mean absolute change of a pixel's channels, 0 to
    255."""

    name: str
    factor: float
    difference: float


def optimizations(zoo: ModelZoo, canvas: CanvasInput) -> tuple[Optimization, ...]:
    """Each alone, against the same recipe without it."""
    harness = EngineHarness(zoo, canvas, PLAIN)
    bf16 = EngineHarness(zoo, canvas, EngineOptions(precision="bf16"))
    compiled = EngineHarness(zoo, canvas, replace(PLAIN, torch_compile=True))
    variations: list[tuple[str, EngineHarness, RenderJob]] = [
        ("guidance for the first half only", harness, harness.make_job(guidance_end_fraction=0.5)),
        ("no guidance", harness, harness.make_job(guidance_scale=1.0)),
        ("DeepCache, interval 2", harness, harness.make_job(deepcache_interval=2)),
        ("DeepCache, interval 3", harness, harness.make_job(deepcache_interval=3)),
        ("bf16", bf16, bf16.make_job()),
        ("torch.compile", compiled, compiled.make_job()),
    ]
    plain = harness.make_job()
    plain_seconds, plain_image = harness.median_seconds([plain]), harness.render(plain).image
    results = []
    for name, changed, job in variations:
        factor = plain_seconds / changed.median_seconds([job])
        image = changed.render(job).image
        results.append(Optimization(name, factor, _difference(plain_image, image)))
    return (*results, _batching(harness))


def _batching(harness: EngineHarness) -> Optimization:
    """Four seeds of one recipe rendered as one batch, against one by one."""
    jobs = [harness.make_job(seed=seed) for seed in range(4)]
    single = [harness.render(job).image for job in jobs]
    seconds = harness.median_seconds(jobs)
    batched_seconds = median(
        [elapsed_seconds(lambda: harness.render_batch(jobs)) for _ in range(3)][1:]
    )
    batched = [result.image for result in harness.render_batch(jobs)]
    difference = np.mean([_difference(a, b) for a, b in zip(single, batched, strict=True)])
    return Optimization("four seeds as one batch", seconds / batched_seconds, float(difference))


def _difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).mean())
