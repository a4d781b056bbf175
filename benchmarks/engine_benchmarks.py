"""Measurements of the engine: mixed stream, switch costs, loading, batch order, memory growth."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import psutil
import torch

from benchmarks.diffusers_baseline import DiffusersBaseline
from benchmarks.model_zoo import BASE_MODELS, ModelZoo
from benchmarks.optimizations import optimizations
from benchmarks.report import elapsed_seconds
from benchmarks.workloads import (
    LONG_JOB,
    ONE_STEP_JOB,
    SMALL_JOB,
    STREAM_JOBS,
    CanvasInput,
    EngineHarness,
    control_unit,
    lora,
    mixed_stream,
)
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ModelRef

ROUNDS = 9
LONG_STREAM_JOBS = 8
"""Length of the stream of long jobs: the whole stream would take minutes."""


@dataclass(frozen=True)
class StreamTiming:
    """Seconds for one stream of jobs, by the engine and by the baseline: first run and second
    run."""

    jobs: int
    ours_cold_seconds: float
    baseline_cold_seconds: float
    ours_warm_seconds: float
    baseline_warm_seconds: float

    @property
    def cold_ratio(self) -> float:
        return self.baseline_cold_seconds / self.ours_cold_seconds

    @property
    def ratio(self) -> float:
        return self.baseline_warm_seconds / self.ours_warm_seconds


def stream(
    zoo: ModelZoo, canvas: CanvasInput, size: Mapping[str, Any], limit: int = STREAM_JOBS
) -> StreamTiming:
    """The first `limit` jobs of the mixed stream. The baseline runs first, so that both read a warm
    disk cache."""
    jobs = mixed_stream(zoo, canvas, size)[:limit]
    baseline = DiffusersBaseline(zoo, canvas)
    theirs = [elapsed_seconds(lambda: [baseline.render(job) for job in jobs]) for _ in range(2)]
    harness = EngineHarness(zoo, canvas)
    for model in harness.catalog.list_models():  # A model is hashed once, when it is found.
        assert model.sha256
    ours = [elapsed_seconds(lambda: [harness.render(job) for job in jobs]) for _ in range(2)]
    return StreamTiming(len(jobs), ours[0], theirs[0], ours[1], theirs[1])


@dataclass(frozen=True)
class SwitchCost:
    """What one switch adds to a job: seconds, and as a fraction of a long job."""

    name: str
    seconds: float
    fraction: float


def switch_costs(zoo: ModelZoo, canvas: CanvasInput) -> tuple[SwitchCost, ...]:
    """Each switch against the same job repeated, with every model used before."""
    harness = EngineHarness(zoo, canvas)
    long_job_seconds = harness.median_seconds([harness.make_job()])
    pairs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "ControlNet on": ({}, {"control_units": (control_unit(0),)}),
        "ControlNet off": ({"control_units": (control_unit(0),)}, {}),
        "another ControlNet": (
            {"control_units": (control_unit(0),)},
            {"control_units": (control_unit(1),)},
        ),
        "LoRA on": ({}, {"loras": (lora(0),)}),
        "LoRA off": ({"loras": (lora(0),)}, {}),
        "another LoRA": ({"loras": (lora(0),)}, {"loras": (lora(1),)}),
        "another sampler": ({}, {"sampler": "Euler"}),
        "another base model, resident": ({}, {"base_model": ModelRef(name=BASE_MODELS[1])}),
    }
    costs = []
    for name, (before, after) in pairs.items():
        first, second = (harness.make_job(**ONE_STEP_JOB, **fields) for fields in (before, after))
        seconds = _switch_seconds(harness, first, second)
        costs.append(SwitchCost(name, seconds, seconds / long_job_seconds))
    return tuple(costs)


def _switch_seconds(harness: EngineHarness, before: RenderJob, after: RenderJob) -> float:
    """Median over the rounds of: the first job after a switch minus its repetition."""
    extra = []
    for _ in range(ROUNDS + 1):
        harness.render(before)
        switched = elapsed_seconds(lambda: harness.render(after))
        repeated = elapsed_seconds(lambda: harness.render(after))
        extra.append(switched - repeated)
    return median(extra[1:])


@dataclass(frozen=True)
class LoadTiming:
    """Loading of a base model in seconds, beside the bare transfer of its bytes on this machine."""

    megabytes: float
    from_disk: float
    read_alone: float
    to_device: float | None
    copy_alone: float | None

    @property
    def disk_share(self) -> float:
        """The part of the disk's own throughput that loading reaches, 0 to 1."""
        return self.read_alone / self.from_disk

    @property
    def copy_share(self) -> float | None:
        """The same of RAM to device; None on a CPU, where RAM is the device and nothing is
        copied."""
        if self.to_device is None or self.copy_alone is None:
            return None
        return self.copy_alone / self.to_device


def loading(zoo: ModelZoo, canvas: CanvasInput) -> LoadTiming:
    """Disk to RAM: the engine unloads all models each time. RAM to device: the device holds one."""
    harness = EngineHarness(zoo, canvas)
    job = harness.make_job(**ONE_STEP_JOB)
    harness.render(job)
    files = sorted((zoo.directory / "checkpoints" / BASE_MODELS[0]).rglob("*.safetensors"))
    from_disk, read_alone = [], []
    for _ in range(5):
        harness.engine.unload_all()
        from_disk.append(harness.render(job).timings.load_seconds)
        read_alone.append(elapsed_seconds(lambda: [file.read_bytes() for file in files]))
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    on_cpu = harness.engine.device.type == "cpu"
    to_device, copy_alone = (None, None) if on_cpu else _device_transfer(zoo, canvas)
    return LoadTiming(megabytes, median(from_disk), median(read_alone), to_device, copy_alone)


def _device_transfer(zoo: ModelZoo, canvas: CanvasInput) -> tuple[float, float]:
    """Median seconds to move a base model from RAM to the device, and to copy as many pinned
    bytes."""
    harness = EngineHarness(zoo, canvas, max_device_models=1, max_ram_models=3)
    jobs = [
        harness.make_job(**ONE_STEP_JOB, base_model=ModelRef(name=name)) for name in BASE_MODELS[:2]
    ]
    for job in jobs:
        harness.render(job)
    to_device = median(
        harness.render(jobs[index % 2]).timings.load_seconds for index in range(2 * ROUNDS)
    )
    entries = harness.engine.ledger.entries
    size = max(entry.size for entry in entries if entry.kind == "denoiser")
    block = torch.empty(size, dtype=torch.uint8).pin_memory()

    def copy() -> None:
        block.to(harness.engine.device)
        torch.cuda.synchronize()

    return to_device, median(elapsed_seconds(copy) for _ in range(ROUNDS))


@dataclass(frozen=True)
class BatchOrdering:
    """Seconds for four variants on two base models while only one fits: grouped by model or not."""

    grouped: float
    one_by_one: float

    @property
    def factor(self) -> float:
        return self.one_by_one / self.grouped


def batch_ordering(zoo: ModelZoo, canvas: CanvasInput) -> BatchOrdering:
    harness = EngineHarness(zoo, canvas, max_device_models=1, max_ram_models=1)
    a, b = (harness.make_job(base_model=ModelRef(name=name)) for name in BASE_MODELS[:2])
    return BatchOrdering(harness.median_seconds([a, a, b, b]), harness.median_seconds([a, b, a, b]))


def memory_growth(zoo: ModelZoo, canvas: CanvasInput, rounds: int) -> float:
    """Relative growth of resident memory over `rounds` jobs that switch everything each time."""
    harness = EngineHarness(zoo, canvas, max_device_models=2, max_ram_models=2)
    attachments: Sequence[dict[str, Any]] = (
        {"control_units": (control_unit(0),)},
        {"loras": (lora(0),)},
        {"control_units": (control_unit(0), control_unit(1)), "loras": (lora(1),)},
    )
    # Three base models through a cache of two: every other job loads one.
    order = (0, 1, 0, 2)
    jobs = [
        harness.make_job(
            seed=index,
            base_model=ModelRef(name=BASE_MODELS[order[index % 4]]),
            **ONE_STEP_JOB,
            **attachments[index % 3],
        )
        for index in range(12)
    ]
    warmup = min(rounds // 5, 60)
    for index in range(warmup):
        harness.render(jobs[index % 12])
    before = _resident_bytes()
    for index in range(warmup, rounds):
        harness.render(jobs[index % 12])
    return _resident_bytes() / before - 1


def _resident_bytes() -> int:
    gc.collect()
    size: int = psutil.Process().memory_info().rss
    return size


def run_all(
    zoo: ModelZoo, canvas: CanvasInput, on_progress: Callable[[str], None]
) -> dict[str, Any]:
    """Every measurement but the memory growth, by name; `on_progress` is called with what comes
    next."""
    on_progress(f"{zoo.name}: stream of small jobs, engine and plain diffusers")
    small = stream(zoo, canvas, SMALL_JOB)
    on_progress(f"{zoo.name}: stream of long jobs")
    long = stream(zoo, canvas, LONG_JOB, LONG_STREAM_JOBS)
    on_progress(f"{zoo.name}: switch costs")
    switches = switch_costs(zoo, canvas)
    on_progress(f"{zoo.name}: loading, optimizations, batch order")
    load, faster = loading(zoo, canvas), optimizations(zoo, canvas)
    ordering = batch_ordering(zoo, canvas)
    return {
        "zoo": zoo.name,
        "mixed_stream_ratio": small.ratio,
        "mixed_stream_ratio_from_cold": small.cold_ratio,
        "mixed_stream_ratio_of_long_jobs": long.ratio,
        "switch_fraction_of_job": max(switch.fraction for switch in switches),
        "disk_bandwidth_share": load.disk_share,
        "copy_bandwidth_share": load.copy_share,
        "batch_ordering_factor": ordering.factor,
        "stream": asdict(small),
        "stream_of_long_jobs": asdict(long),
        "switches": [asdict(switch) for switch in switches],
        "loading": asdict(load),
        "optimizations": [asdict(optimization) for optimization in faster],
        "batch_ordering": asdict(ordering),
    }
