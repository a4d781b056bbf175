"""Measurements of the job queue: dispatch latency, model affinity, makespan, fairness."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.report import percentile
from benchmarks.worker_pool import POLL_SECONDS, WorkerPool, worker_pool
from studio.recipes.themes.preset import SLOTS

STRATEGIES: dict[str, tuple[str, ...]] = {
    "model_affinity": (),
    "round_robin": ("round_robin",),
}
AFFINITY_REQUESTS = 20
"""Requests of the run that counts model loads: 80 jobs."""
WORKER_COUNTS = (1, 2, 4, 8)


def dispatch_seconds(pool: WorkerPool) -> float:
    """From a request's admission to an idle pool until its first job is claimed.

    Read from the job table afterwards: a process that polls would take a core from those measured.
    """
    started_at = datetime.now(UTC)
    request = pool.submit("app", [0.02] * 4)
    time.sleep(0.15)
    pool.wait_until_finished([request], 20)
    return (pool.first_claimed_at(request) - started_at).total_seconds()


def model_loads(on_progress: Callable[[str], None]) -> dict[str, int]:
    """How often three workers change their base model over jobs on two, by queue order strategy."""
    loads = {}
    for name, strategy in STRATEGIES.items():
        on_progress(f"affinity: {AFFINITY_REQUESTS} requests on three workers, {name}")
        with worker_pool(3, *strategy) as pool:
            loads[name] = _count_loads(pool)
    return loads


def _count_loads(pool: WorkerPool) -> int:
    seconds = [*[0.04] * 4, 0.1]
    requests = [pool.submit("app", seconds) for _ in range(AFFINITY_REQUESTS)]
    pool.wait_until_finished(requests, 120)
    store = pool.studio.stores.variants
    variants = [variant for request in requests for variant in store.list_for_request(request.id)]
    assert len(variants) == len(SLOTS) * AFFINITY_REQUESTS
    return sum(variant.timings.load_seconds > 0 for variant in variants)


def makespans(on_progress: Callable[[str], None]) -> tuple[dict[str, float], float]:
    """Makespan ratio by number of workers, and the longest idle time of a worker while a job
    waited."""
    ratios, idle_seconds = {}, 0.0
    for count in WORKER_COUNTS:
        on_progress(f"makespan: mixed jobs on {count} workers")
        with worker_pool(count) as pool:
            ratio, idle = _makespan(pool, count)
        ratios[str(count)], idle_seconds = round(ratio, 3), max(idle_seconds, idle)
    return ratios, idle_seconds


def _makespan(pool: WorkerPool, workers: int) -> tuple[float, float]:
    """The time for mixed jobs divided by the ideal one, and the longest idle time in seconds."""
    rng = random.Random(7)
    durations = [[rng.uniform(0.2, 1.0) for _ in SLOTS] for _ in range(4 * workers)]
    ideal = max(sum(map(sum, durations)) / workers, *map(max, durations))
    started = time.monotonic()
    requests = [pool.submit("app", seconds) for seconds in durations]
    longest_idle, idle_since = 0.0, None
    while True:
        states = [state for request in requests for state in pool.job_states(request)]
        now = time.monotonic()
        if states.count("running") < workers and states.count("queued"):
            idle_since = idle_since or now
            longest_idle = max(longest_idle, now - idle_since)
        else:
            idle_since = None
        if all(state not in ("queued", "running") for state in states):
            return (now - started) / ideal, longest_idle
        time.sleep(POLL_SECONDS)


def fairness_ratio(pool: WorkerPool) -> float:
    """The 95th percentile of a quiet client's waits beside a flooding client, divided by its run
    time."""
    run_seconds, waits = 0.5, []
    flood = [pool.submit("flood", [0.5] * 4) for _ in range(60)]
    for _ in range(12):
        started = time.monotonic()
        request = pool.submit("quiet", [run_seconds] * 4)
        while all(state == "queued" for state in pool.job_states(request)):
            time.sleep(0.002)
        waits.append(time.monotonic() - started)
        pool.wait_until_finished([request], 60)
    for request in flood:
        pool.studio.stores.jobs.queue.cancel(request.id)
    return percentile(waits, 0.95) / run_seconds
