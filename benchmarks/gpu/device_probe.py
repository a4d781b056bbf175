"""What a graphics card does during a render: busy share, bandwidth, peak memory."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

PINNED_COPY_BYTES = 2**30
GIB = 2**30


@dataclass(frozen=True)
class BusyShare:
    """How long the device worked during a call."""

    wall_seconds: float
    busy_seconds: float

    @property
    def share(self) -> float:
        return self.busy_seconds / self.wall_seconds


def synchronize() -> None:
    """Waits for everything queued on the device."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(func: Callable[[], object]) -> float:
    """Seconds of one call, until the device has done everything."""
    synchronize()
    started = time.perf_counter()
    func()
    synchronize()
    return time.perf_counter() - started


def busy_share(func: Callable[[], object]) -> BusyShare:
    """By the profiler's trace of kernels and copies; overlapping ones count once."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        seconds = timed(func)
    spans = [
        (event.time_range.start, event.time_range.end)
        for event in profiler.events()
        if str(event.device_type).endswith("CUDA")
    ]
    return BusyShare(seconds, covered(spans) / 1e6)


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """The length of the union of the spans."""
    total, end = 0.0, float("-inf")
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


def peak_bytes(func: Callable[[], object]) -> int:
    """The most device memory that is allocated during a call, all that was there before included."""
    torch.cuda.reset_peak_memory_stats()
    func()
    return torch.cuda.max_memory_allocated()


def pinned_copy_rate() -> float:
    """Bytes per second from pinned memory to the device: the most that an upload can reach."""
    host = torch.empty(PINNED_COPY_BYTES, dtype=torch.uint8, pin_memory=True)
    device = torch.empty_like(host, device="cuda")
    device.copy_(host)
    return PINNED_COPY_BYTES / min(
        timed(lambda: device.copy_(host, non_blocking=True)) for _ in range(3)
    )
