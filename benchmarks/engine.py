"""The engine against plain diffusers, model switches, loading, optimizations and memory growth.

    python -m benchmarks.engine [--json] [--jobs N]

Takes five to ten minutes on two cores.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.engine_benchmarks import memory_growth, run_all
from benchmarks.model_zoo import ZOOS, pocket_zoo
from benchmarks.report import argument_parser, table
from benchmarks.workloads import load_canvas_input
from studio.app import create_app_container
from studio.engine.library_logging import silence_library_logging
from studio.settings import Settings

Metrics = Mapping[str, Any]

LOWEST = (
    "mixed_stream_ratio",
    "mixed_stream_ratio_from_cold",
    "mixed_stream_ratio_of_long_jobs",
    "disk_bandwidth_share",
)
"""Metrics of which the summary has the lowest of both zoos."""


def engine_metrics(jobs: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    """All metrics of one run: a summary with the worse of both zoos, and each zoo's under `zoos`.

    `jobs` is the number of jobs for the memory growth; `on_progress` is called with what comes
    next.
    """
    silence_library_logging()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        canvas = load_canvas_input(create_app_container(Settings(data_dir=path / "home")))
        zoos = {
            name: run_all(make_zoo(path / name), canvas, on_progress)
            for name, make_zoo in ZOOS.items()
        }
        on_progress(f"pocket: {jobs} jobs that switch everything")
        growth = memory_growth(pocket_zoo(path / "growth"), canvas, jobs)
    return {
        **{name: min(zoo[name] for zoo in zoos.values()) for name in LOWEST},
        "switch_fraction_of_job": max(zoo["switch_fraction_of_job"] for zoo in zoos.values()),
        "copy_bandwidth_share": zoos["pocket"]["copy_bandwidth_share"],
        "memory_growth": growth,
        "memory_growth_jobs": jobs,
        "optimizations": zoos["sd15"]["optimizations"],
        "cores": os.cpu_count(),
        "zoos": zoos,
    }


def engine_table(metrics: Metrics) -> str:
    """The metrics as lines, zoo by zoo."""
    parts = [f"{zoo['zoo']}\n{table(_zoo_rows(zoo))}\n" for zoo in metrics["zoos"].values()]
    name = f"resident memory after {metrics['memory_growth_jobs']} jobs that switch everything"
    return "\n".join([*parts, table([(name, f"{metrics['memory_growth']:+.1%}")])])


def _zoo_rows(zoo: Metrics) -> Iterator[tuple[str, str]]:
    for name, suffix in (("small jobs", ""), ("long jobs", "_of_long_jobs")):
        timing = zoo[f"stream{suffix}"]
        ours, baseline = (
            timing[f"{key}_warm_seconds"] / timing["jobs"] for key in ("ours", "baseline")
        )
        seconds = f"{ours:.2f} / {baseline:.2f} s"
        yield f"stream of {timing['jobs']} {name}, engine / diffusers, per job", seconds
        yield "  speed-up", f"{zoo[f'mixed_stream_ratio{suffix}']:.1f} x"
    yield "  speed-up from a cold start, small jobs", f"{zoo['mixed_stream_ratio_from_cold']:.1f} x"
    for switch in zoo["switches"]:
        yield f"switch: {switch['name']}", f"{switch['fraction']:+.1%} of a job"
    load = zoo["loading"]
    yield f"base model of {load['megabytes']:.0f} MB, disk to RAM", f"{load['from_disk']:.2f} s"
    yield "  share of the disk's throughput", f"{zoo['disk_bandwidth_share']:.0%}"
    if zoo["copy_bandwidth_share"] is None:
        yield "RAM to device", "none: a CPU"
    else:
        yield "  share of the copy's throughput", f"{zoo['copy_bandwidth_share']:.0%}"
    for optimization in zoo["optimizations"]:
        name = f"{optimization['name']} (image changes by {optimization['difference']:.1f})"
        yield name, f"{optimization['factor']:.2f} x"
    yield "four variants on two base models, grouped", f"{zoo['batch_ordering_factor']:.2f} x"


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--jobs", type=int, default=500, help="Jobs for the memory growth, at least 10."
    )
    arguments = parser.parse_args()
    if arguments.jobs < 10:
        parser.error("--jobs: at least 10")
    metrics = engine_metrics(arguments.jobs, lambda text: print(text, file=sys.stderr))
    print(json.dumps(metrics, indent=2) if arguments.as_json else engine_table(metrics))


if __name__ == "__main__":
    main()
