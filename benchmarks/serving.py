"""The job queue: dispatch latency, makespan, fairness, and a chaos run with killed processes.

    python -m benchmarks.serving [--json] [--requests N]

Starts a Redis server and stub workers of its own and ends them. Needs redis-server; takes some
three minutes.
"""

import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.chaos import process_faults, run_chaos
from benchmarks.queue_benchmarks import (
    AFFINITY_REQUESTS,
    dispatch_seconds,
    fairness_ratio,
    makespans,
    model_loads,
)
from benchmarks.redis_server import is_installed
from benchmarks.report import argument_parser, percentile, table
from benchmarks.worker_pool import worker_pool

LOCKED_SECONDS, AWAY_SECONDS = 30.0, 10.0
"""How long the chaos run locks SQLite and keeps Redis away."""


def queue_metrics(on_progress: Callable[[str], None], requests: int = 200) -> dict[str, Any]:
    """All metrics of one run; `requests` is the length of the chaos run."""
    with worker_pool(4) as pool:
        on_progress("dispatch: 60 requests to four idle workers")
        waits = [dispatch_seconds(pool) for _ in range(60)]
        on_progress("fairness: a quiet client beside a flooding one")
        fairness = fairness_ratio(pool)
    loads = model_loads(on_progress)
    ratios, idle_seconds = makespans(on_progress)
    on_progress(f"chaos: {requests} requests on four workers with faults")
    with worker_pool(4) as pool, pool.maintenance():
        faults = process_faults(pool, LOCKED_SECONDS, AWAY_SECONDS)
        chaos = run_chaos(pool, requests, faults)
    return {
        "dispatch_p50_ms": round(1000 * statistics.median(waits), 1),
        "dispatch_p99_ms": round(1000 * percentile(waits, 0.99), 1),
        "makespan_ratio": ratios,
        "model_loads": loads,
        "idle_while_queued_seconds": round(idle_seconds, 2),
        "quiet_client_p95_ratio": round(fairness, 2),
        "chaos": chaos,
        "cores": os.cpu_count(),
    }


def queue_table(metrics: Mapping[str, Any]) -> str:
    chaos, jobs = metrics["chaos"], 4 * AFFINITY_REQUESTS
    makespan = metrics["makespan_ratio"].items()
    loads = metrics["model_loads"].items()
    rows = [
        ("dispatch to idle workers, p50", f"{metrics['dispatch_p50_ms']:.1f} ms"),
        ("dispatch to idle workers, p99", f"{metrics['dispatch_p99_ms']:.1f} ms"),
        *((f"makespan / ideal, {count} workers", f"{ratio:.2f}") for count, ratio in makespan),
        *((f"base models loaded for {jobs} jobs, {name}", str(count)) for name, count in loads),
        ("longest idle time while a job waited", f"{metrics['idle_while_queued_seconds']:.2f} s"),
        ("quiet client's p95 wait / run time", f"{metrics['quiet_client_p95_ratio']:.2f}"),
        (f"chaos: lost, of {chaos['requests']} requests", str(chaos["lost"])),
        ("chaos: duplicated", str(chaos["duplicated"])),
        ("chaos: without a terminal event", str(chaos["unfinished"])),
    ]
    return table(rows)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--requests", type=int, default=200, help="Requests of the chaos run, at least 10."
    )
    arguments = parser.parse_args()
    if arguments.requests < 10:
        parser.error("--requests: at least 10")
    if not is_installed():
        parser.error("redis-server is not installed: apt-get install redis-server")
    metrics = queue_metrics(lambda text: print(text, file=sys.stderr), arguments.requests)
    print(json.dumps(metrics, indent=2) if arguments.as_json else queue_table(metrics))


if __name__ == "__main__":
    main()
