"""Seconds for four pocket variants, for the first picture from cold, for a preview; and peak memory.

    python -m tests.benchmarks.four_variants

Prints one table. Figures depend on the machine: compare only what one run prints.
"""

import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from studio.app import create_app_container
from studio.recipes.generation.events import JobCompleted
from studio.services.rendering.live_preview import make_preview_job
from studio.settings import Settings, bundled_path

ROUNDS = 3
DOODLE = bundled_path("assets") / "doodles" / "striped-set.png"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        first, whole = _cold_render(home)
        warm, previews = _warm_requests(home)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows = [
        ("first picture, cold `studio render`", f"{first:.1f} s"),
        ("all four, cold `studio render`", f"{whole:.1f} s"),
        (f"four variants, warm, median of {ROUNDS}", f"{statistics.median(warm):.1f} s"),
        (f"live preview of A, warm, median of {ROUNDS}", f"{statistics.median(previews):.2f} s"),
        ("peak memory, warm process", f"{peak:.2f} GB"),
        ("cores", str(os.cpu_count())),
    ]
    for name, value in rows:
        print(f"{name:<44}{value:>10}")


def _cold_render(home: Path) -> tuple[float, float]:
    """Seconds to the first and the last picture of a fresh process in a fresh data directory."""
    out = home / "out"
    command = [
        sys.executable, "-m", "studio.cli", "render", "--preset", "first-light", "--base", "ruby",
        "--doodle", str(DOODLE), "--seed", "1", "--out", str(out),
    ]  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | {"STUDIO_DATA_DIR": str(home / "cold")}, stderr=subprocess.PIPE
    )
    first = None
    while process.poll() is None:
        if first is None and any(out.glob("?.png")):
            first = time.perf_counter() - started
        time.sleep(0.02)
    whole = time.perf_counter() - started
    if process.returncode or first is None:
        raise SystemExit("studio render failed: run it by hand to see why")
    return first, whole


def _warm_requests(home: Path) -> tuple[list[float], list[float]]:
    """Seconds for all four, and for a preview of recipe A; the first of each warms up."""
    studio = create_app_container(Settings(data_dir=home / "warm"))
    preset = studio.themes.get_version("first-light").preset
    seconds, previews = [], []
    for seed in range(ROUNDS + 1):
        asked = studio.request_factory.create(preset, "ruby", DOODLE.read_bytes(), "", seed)
        started = time.perf_counter()
        done = [e for e in studio.renders.start(asked).events() if isinstance(e, JobCompleted)]
        seconds.append(time.perf_counter() - started)
        for event in done:
            Image.open(io.BytesIO(event.png)).verify()
        started = time.perf_counter()
        studio.renders.render_preview(make_preview_job(asked, "A", studio.catalog))
        previews.append(time.perf_counter() - started)
    return seconds[1:], previews[1:]


if __name__ == "__main__":
    main()
