"""Four pocket variants and a live preview: seconds cold and warm, and peak memory.

python -m benchmarks.four_variants [--json]
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

from benchmarks.report import Measurement, parse_arguments, print_measurements
from studio.app import create_app_container
from studio.recipes.generation.events import JobCompleted
from studio.services.rendering.live_preview import make_preview_job
from studio.settings import Settings, bundled_path

ROUNDS = 3
DOODLE = bundled_path("assets") / "doodles" / "striped-set.png"


def main() -> None:
    as_json = parse_arguments(__doc__)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        first, complete = _cold_render(home)
        warm, previews = _warm_requests(home)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    measurements = [
        Measurement("first image, cold `studio render`", first, "s", 1),
        Measurement("all four, cold `studio render`", complete, "s", 1),
        Measurement(f"four variants, warm, median of {ROUNDS}", statistics.median(warm), "s", 1),
        Measurement(
            f"live preview of A, warm, median of {ROUNDS}", statistics.median(previews), "s", 2
        ),
        Measurement("peak memory, warm process", peak, "GiB", 2),
        Measurement("cores", os.cpu_count() or 0),
    ]
    print_measurements(measurements, as_json)


def _cold_render(home: Path) -> tuple[float, float]:
    """Seconds to the first and to the last image of a new process with a new data directory."""
    out = home / "out"
    options = {
        "--theme": "first-light",
        "--base-image": "ruby",
        "--doodle": str(DOODLE),
        "--seed": "1",
        "--out": str(out),
    }
    arguments = [text for option in options.items() for text in option]
    environment = os.environ | {"STUDIO_DATA_DIR": str(home / "cold")}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "render", *arguments],
        env=environment,
        stderr=subprocess.PIPE,
    )
    first = None
    while process.poll() is None:
        if first is None and any(out.glob("?.png")):
            first = time.perf_counter() - started
        time.sleep(0.02)
    complete = time.perf_counter() - started
    if process.returncode or first is None:
        raise SystemExit("`studio render` failed: run it by hand to see the error")
    return first, complete


def _warm_requests(home: Path) -> tuple[list[float], list[float]]:
    """Seconds for all four variants and for a preview of recipe A, without the first, which warms
    up."""
    studio = create_app_container(Settings(data_dir=home / "warm"))
    preset = studio.stores.themes.get_version("first-light").preset
    seconds, previews = [], []
    for seed in range(ROUNDS + 1):
        request = studio.rendering.request_factory.create(
            preset, "ruby", DOODLE.read_bytes(), "", seed
        )
        started = time.perf_counter()
        events = list(studio.rendering.renders.start(request).events())
        seconds.append(time.perf_counter() - started)
        for event in events:
            if isinstance(event, JobCompleted):
                Image.open(io.BytesIO(event.png)).verify()
        job = make_preview_job(request, "A", studio.models.catalog)
        started = time.perf_counter()
        studio.rendering.renders.render_preview(job)
        previews.append(time.perf_counter() - started)
    return seconds[1:], previews[1:]


if __name__ == "__main__":
    main()
