"""What is measured of the engine: a mixed stream, each change alone, levers, order, and growth."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
import psutil
import torch

from studio.bench.jobs import (
    QUICK,
    SHORT,
    STREAM,
    WHOLE,
    CanvasInput,
    EngineHarness,
    lora,
    mixed_stream,
    unit,
)
from studio.bench.usual import DiffusersBaseline
from studio.bench.zoo import BASES, Zoo
from studio.engine.options import EngineOptions
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ModelRef

ROUNDS = 9
LONG = 8
"""Long jobs in their stream, which would take minutes else."""


@dataclass(frozen=True)
class StreamTiming:
    """Seconds for the same stream of jobs, both ways: the first time, and once more after it."""

    jobs: int
    ours_cold: float
    baseline_cold: float
    ours: float
    baseline: float

    @property
    def cold_ratio(self) -> float:
        return self.baseline_cold / self.ours_cold

    @property
    def ratio(self) -> float:
        return self.baseline / self.ours


def stream(zoo: Zoo, on: CanvasInput, size: Mapping[str, Any], most: int = STREAM) -> StreamTiming:
    """The mixed stream, ours after theirs: what the system keeps of the disk is warm for both."""
    jobs = mixed_stream(zoo, on, size)[:most]
    rival = DiffusersBaseline(zoo, on)
    usual = [_seconds(lambda: [rival.render(job) for job in jobs]) for _ in range(2)]
    bench = EngineHarness(zoo, on)
    for model in bench.catalog.list_models():  # Hashing is done when a model is found, once.
        assert model.sha256
    ours = [_seconds(lambda: [bench.render(job) for job in jobs]) for _ in range(2)]
    return StreamTiming(len(jobs), ours[0], usual[0], ours[1], usual[1])


@dataclass(frozen=True)
class SwitchCost:
    """What switching one thing costs beyond the job: seconds, and as a share of a whole job."""

    name: str
    seconds: float
    fraction: float


def changes(zoo: Zoo, on: CanvasInput) -> tuple[SwitchCost, ...]:
    """Each change against the same job repeated, everything having been used before."""
    bench = EngineHarness(zoo, on)
    whole = _typical(bench, [bench.job()])
    pairs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "ControlNet on": ({}, {"control_units": (unit(0),)}),
        "ControlNet off": ({"control_units": (unit(0),)}, {}),
        "another ControlNet": ({"control_units": (unit(0),)}, {"control_units": (unit(1),)}),
        "LoRA on": ({}, {"loras": (lora(0),)}),
        "LoRA off": ({"loras": (lora(0),)}, {}),
        "another LoRA": ({"loras": (lora(0),)}, {"loras": (lora(1),)}),
        "another sampler": ({}, {"sampler": "Euler"}),
        "another base model, resident": ({}, {"base_model": ModelRef(name=BASES[1])}),
    }
    found = []
    for name, (before, after) in pairs.items():
        one, other = bench.job(**SHORT, **before), bench.job(**SHORT, **after)
        seconds = _change(bench, one, other)
        found.append(SwitchCost(name, seconds, seconds / whole))
    return tuple(found)


def _change(bench: EngineHarness, before: RenderJob, after: RenderJob) -> float:
    """Median over rounds of the first job after a change less the second one after it."""
    extra = []
    for _ in range(ROUNDS + 1):
        bench.render(before)
        first = _seconds(lambda: bench.render(after))
        again = _seconds(lambda: bench.render(after))
        extra.append(first - again)
    return median(extra[1:])


@dataclass(frozen=True)
class LoadTiming:
    """A base model's way up: seconds, and its pace against the machine's own."""

    megabytes: float
    from_disk: float
    read_alone: float
    to_device: float | None
    copy_alone: float | None

    @property
    def disk_share(self) -> float:
        return self.read_alone / self.from_disk

    @property
    def copy_share(self) -> float | None:
        """None on a CPU, where RAM is the device and nothing is copied."""
        if self.to_device is None or self.copy_alone is None:
            return None
        return self.copy_alone / self.to_device


def loading(zoo: Zoo, on: CanvasInput) -> LoadTiming:
    """Disk to RAM by emptying the engine each time; RAM to device by a device that holds one."""
    bench = EngineHarness(zoo, on)
    short = bench.job(**SHORT)
    bench.render(short)
    files = sorted((zoo.directory / "checkpoints" / BASES[0]).rglob("*.safetensors"))
    from_disk, alone = [], []
    for _ in range(5):
        bench.engine.unload_all()
        from_disk.append(bench.render(short).timings.load_seconds)
        alone.append(_seconds(lambda: [file.read_bytes() for file in files]))
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    up, copy = _copying(zoo, on) if bench.engine.device.type != "cpu" else (None, None)
    return LoadTiming(megabytes, median(from_disk), median(alone), up, copy)


def _copying(zoo: Zoo, on: CanvasInput) -> tuple[float, float]:
    bench = EngineHarness(zoo, on, max_device_models=1, max_ram_models=3)
    jobs = [bench.job(**SHORT, base_model=ModelRef(name=name)) for name in BASES[:2]]
    for job in jobs:
        bench.render(job)
    up = median(bench.render(jobs[index % 2]).timings.load_seconds for index in range(2 * ROUNDS))
    held = bench.engine.status().base_models.residents[-1].bytes
    block = torch.empty(held, dtype=torch.uint8).pin_memory()

    def copied() -> None:
        block.to(bench.engine.device)
        torch.cuda.synchronize()

    return up, median(_seconds(copied) for _ in range(ROUNDS))


@dataclass(frozen=True)
class Optimization:
    """A way to be quicker: by which factor, and how far the picture moves (0-255, mean)."""

    name: str
    factor: float
    difference: float


def levers(zoo: Zoo, on: CanvasInput) -> tuple[Optimization, ...]:
    """Each against the same recipe without it, in turn."""
    bench = EngineHarness(zoo, on)
    half = EngineHarness(zoo, on, ways=EngineOptions(precision="bf16"))
    compiled = EngineHarness(zoo, on, ways=EngineOptions(torch_compile=True))
    plain = bench.job()
    tried: list[tuple[str, EngineHarness, RenderJob]] = [
        ("guidance in the first half only", bench, bench.job(guidance_end_fraction=0.5)),
        ("no guidance", bench, bench.job(guidance_scale=1.0)),
        ("DeepCache, interval 2", bench, bench.job(deepcache_interval=2)),
        ("DeepCache, interval 3", bench, bench.job(deepcache_interval=3)),
        ("bf16", half, half.job()),
        ("compiled", compiled, compiled.job()),
    ]
    slow, image = _typical(bench, [plain]), _pixels(bench, plain)
    found = []
    for name, on_bench, job in tried:
        quick = _typical(on_bench, [job])
        moved = np.abs(_pixels(on_bench, job) - image).mean()
        found.append(Optimization(name, slow / quick, float(moved)))
    return (*found, _batch(bench))


def _batch(bench: EngineHarness) -> Optimization:
    """Four seeds of one recipe drawn at once, against one by one."""
    jobs = [bench.job(seed=seed) for seed in range(4)]
    alone = [_pixels(bench, job) for job in jobs]
    slow = _typical(bench, jobs)
    times = [_seconds(lambda: bench.render_batch(jobs)) for _ in range(3)]
    drawn = [np.asarray(each.image, np.int16) for each in bench.render_batch(jobs)]
    moved = np.mean([np.abs(a - b).mean() for a, b in zip(alone, drawn, strict=True)])
    return Optimization("four seeds as one batch", slow / median(times[1:]), float(moved))


@dataclass(frozen=True)
class BatchOrdering:
    """Seconds for a request of four variants on two base models, where only one has room."""

    grouped: float
    one_by_one: float

    @property
    def factor(self) -> float:
        return self.one_by_one / self.grouped


def grouping(zoo: Zoo, on: CanvasInput) -> BatchOrdering:
    bench = EngineHarness(zoo, on, max_device_models=1, max_ram_models=1)
    a, b = (bench.job(base_model=ModelRef(name=name)) for name in BASES[:2])
    return BatchOrdering(_typical(bench, [a, a, b, b]), _typical(bench, [a, b, a, b]))


def soak_growth(zoo: Zoo, on: CanvasInput, rounds: int) -> float:
    """Share by which resident memory grows over `rounds` jobs that change everything each time."""
    bench = EngineHarness(zoo, on, max_device_models=2, max_ram_models=2)
    kinds: Sequence[dict[str, Any]] = (
        {"control_units": (unit(0),)},
        {"loras": (lora(0),)},
        {"control_units": (unit(0), unit(1)), "loras": (lora(1),)},
    )
    # Three base models through two places: every other job loads one.
    order = (0, 1, 0, 2)
    jobs = [
        bench.job(
            seed=index,
            base_model=ModelRef(name=BASES[order[index % 4]]),
            **SHORT,
            **kinds[index % 3],
        )
        for index in range(12)
    ]
    warm = min(rounds // 5, 60)
    for index in range(warm):
        bench.render(jobs[index % 12])
    before = _resident()
    for index in range(warm, rounds):
        bench.render(jobs[index % 12])
    return _resident() / before - 1


def _resident() -> int:
    gc.collect()
    held: int = psutil.Process().memory_info().rss
    return held


def _typical(bench: EngineHarness, jobs: Sequence[RenderJob]) -> float:
    """Median seconds for the jobs, after once for warmth."""
    times = [_seconds(lambda: [bench.render(job) for job in jobs]) for _ in range(3)]
    return median(times[1:])


def _pixels(
    bench: EngineHarness, job: RenderJob
) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.asarray(bench.render(job).image).astype(np.int16)


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def run_all(zoo: Zoo, on: CanvasInput, tell: Callable[[str], None]) -> dict[str, Any]:
    """Everything but the soak, by name; `tell` hears what is being measured."""
    tell(f"{zoo.name}: a stream of small jobs, ours and plain diffusers'")
    quick = stream(zoo, on, QUICK)
    tell(f"{zoo.name}: a stream of long jobs")
    whole = stream(zoo, on, WHOLE, LONG)
    tell(f"{zoo.name}: each change alone")
    each = changes(zoo, on)
    tell(f"{zoo.name}: loading, levers, order")
    up, tried, order = loading(zoo, on), levers(zoo, on), grouping(zoo, on)
    return {
        "zoo": zoo.name,
        "mixed_stream_ratio": quick.ratio,
        "mixed_stream_ratio_from_cold": quick.cold_ratio,
        "mixed_stream_ratio_of_long_jobs": whole.ratio,
        "change_share_of_job": max(change.fraction for change in each),
        "disk_bandwidth_share": up.disk_share,
        "copy_bandwidth_share": up.copy_share,
        "grouping_factor": order.factor,
        "stream": asdict(quick),
        "stream_of_long_jobs": asdict(whole),
        "changes": [asdict(change) for change in each],
        "loading": asdict(up),
        "levers": [asdict(lever) for lever in tried],
        "grouping": asdict(order),
    }
