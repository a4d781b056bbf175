"""Runs the engine's benchmark in one process, and lays its figures out as a table."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.app import create_app_container
from studio.bench.jobs import page
from studio.bench.measures import run_all, soak_growth
from studio.bench.zoo import ZOOS, pocket_zoo
from studio.engine.library_logging import silence_library_logging
from studio.settings import Settings

Metrics = Mapping[str, Any]


def engine_metrics(soak: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """One object: at its top the worse of the two zoos' figures, below them each zoo's own.

    `soak` jobs are rendered for `soak_growth`; `tell` hears what is being measured.
    """
    silence_library_logging()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        on = page(create_app_container(Settings(data_dir=place / "home")))
        zoos = {name: run_all(make(place / name), on, tell) for name, make in ZOOS.items()}
        tell(f"pocket: {soak} jobs that change everything")
        growth = soak_growth(pocket_zoo(place / "soak"), on, soak)
    least = {
        name: min(zoo[name] for zoo in zoos.values())
        for name in (
            "mixed_stream_ratio",
            "mixed_stream_ratio_from_cold",
            "mixed_stream_ratio_of_long_jobs",
            "disk_bandwidth_share",
        )
    }
    most = max(zoo["change_share_of_job"] for zoo in zoos.values())
    return {
        **least,
        "change_share_of_job": most,
        "copy_bandwidth_share": zoos["pocket"]["copy_bandwidth_share"],
        "soak_growth": growth,
        "soak_jobs": soak,
        "levers": zoos["sd15"]["levers"],
        "cores": os.cpu_count(),
        "zoos": zoos,
    }


def table(figures: Metrics) -> str:
    """The figures side by side, a line each."""
    lines = []
    for zoo in figures["zoos"].values():
        lines += [zoo["zoo"], *(f"  {name:<52}{value:>12}" for name, value in _rows(zoo)), ""]
    growth = f"resident memory after {figures['soak_jobs']} jobs that change everything"
    lines += [f"{growth:<54}{figures['soak_growth']:>+12.1%}"]
    return "\n".join(lines)


def _rows(zoo: Metrics) -> Iterator[tuple[str, str]]:
    up = zoo["loading"]
    for name, key in (("small jobs", ""), ("long jobs", "_of_long_jobs")):
        stream = zoo[f"stream{key}"]
        per_job = (stream[way] / stream["jobs"] for way in ("ours", "usual"))
        yield (
            f"stream of {stream['jobs']} {name}, ours / diffusers",
            "{:.2f} / {:.2f} s".format(*per_job),
        )
        yield "  so many times quicker", f"{zoo[f'mixed_stream_ratio{key}']:.1f}"
    yield "  and from a cold start, small jobs", f"{zoo['mixed_stream_ratio_from_cold']:.1f}"
    for change in zoo["changes"]:
        yield f"change: {change['name']}", f"{change['share']:+.1%} of a job"
    yield f"base model of {up['megabytes']:.0f} MB, disk to RAM", f"{up['from_disk']:.2f} s"
    yield "  share of the disk's own pace", f"{zoo['disk_bandwidth_share']:.0%}"
    if zoo["copy_bandwidth_share"] is None:
        yield "RAM to device", "none: a CPU"
    else:
        yield "  share of the copy's own pace", f"{zoo['copy_bandwidth_share']:.0%}"
    for lever in zoo["levers"]:
        moved = f"{lever['factor']:.2f} x"
        yield f"{lever['name']} (picture moves by {lever['difference']:.1f})", moved
    yield "four variants on two base models, grouped", f"{zoo['grouping_factor']:.2f} x"
