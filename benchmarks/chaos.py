"""A chaos run: requests while processes are killed, Redis is away and the database is locked."""

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.worker_pool import WorkerPool
from studio.recipes.serving.request_status import RequestStatus
from studio.recipes.themes.preset import SLOTS

Faults = Sequence[Callable[[], None]]
TIMEOUT_SECONDS = 240.0
"""Limit for the requests that are still running after the last one was submitted."""


def run_chaos(pool: WorkerPool, count: int, faults: Faults) -> dict[str, int]:
    """Submit `count` requests and inject the faults in between, evenly spread.

    Returns how many requests were lost (a job not done), duplicated (a variant or terminal event
    twice) or unfinished (a job without a terminal event).
    """
    rng = random.Random(11)
    requests = []
    fault_at = {
        count * (index + 1) // (len(faults) + 1): fault for index, fault in enumerate(faults)
    }
    for number in range(count):
        seconds = [rng.uniform(0.02, 0.1) for _ in SLOTS]
        requests.append(pool.submit_with_retry(f"app-{number % 7}", seconds))
        if number in fault_at:
            fault_at[number]()
        time.sleep(0.01)
    pool.wait_until_finished(requests, TIMEOUT_SECONDS)
    result = {"requests": count, "lost": 0, "duplicated": 0, "unfinished": 0}
    for request in requests:
        slots = _terminal_slots(pool, request)
        variants = pool.studio.stores.variants.list_for_request(request.id)
        result["lost"] += any(state != "done" for state in pool.job_states(request))
        result["duplicated"] += len(slots) > len(set(slots)) or len(variants) > len(SLOTS)
        result["unfinished"] += set(slots) != set(SLOTS)
    return result


def _terminal_slots(pool: WorkerPool, request: RequestStatus) -> list[str]:
    """The recipe slot of each terminal event, as a client that follows the request receives
    them."""
    stored = pool.studio.serving.events
    stored.is_finished(request.id)
    live = stored.events_since(request.id, 0)
    events = stored.terminal_events(request.id) if live is None else live
    return [event.slot for event in events if event.is_terminal]


def process_faults(pool: WorkerPool, locked_seconds: float, away_seconds: float) -> Faults:
    """Rendering processes and a worker killed; Redis and the API restarted; Redis away for
    `away_seconds`; SQLite locked for `locked_seconds`."""
    rng = random.Random(12)

    def kill_child() -> None:
        parent = str(rng.choice(pool.workers).pid)
        children = subprocess.run(
            ["pgrep", "-P", parent], capture_output=True, text=True, check=False
        )
        for pid in children.stdout.split()[:1]:
            os.kill(int(pid), signal.SIGKILL)

    def kill_worker() -> None:
        worker = rng.choice(pool.workers)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        pool.workers.remove(worker)
        pool.start_workers(1)

    def restart_redis(seconds: float = 0.0) -> None:
        assert pool.redis is not None
        pool.redis.stop()
        time.sleep(seconds)
        pool.redis.start()

    redis_away = partial(restart_redis, away_seconds)
    faults: Faults = [kill_child, kill_worker, restart_redis, pool.restart, kill_child, redis_away]
    return [*faults, *sqlite_faults(pool, locked_seconds)]


def sqlite_faults(pool: WorkerPool, seconds: float) -> Faults:
    """The database locked by another writer for `seconds`; no fault if it is not SQLite."""

    def lock() -> None:
        writer = sqlite3.connect(pool.home / "studio.db", isolation_level=None, timeout=60)
        writer.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        writer.close()

    return [] if pool.database else [lock]
