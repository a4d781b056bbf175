"""The engine on a graphics card against plain diffusers and ComfyUI, interleaved in one run.

    python -m benchmarks.gpu [--json] [--case sd15] [--turns N] [--comfy PATH]
                              [--random-requests N] [--tiny]

Draws its own random weights. Each turn renders the four variants of a request with every peer; "served"
is the whole service, of which the busy share is that of several queued requests.
Without a card it measures nothing and says so; `--tiny` runs the whole path on a CPU in seconds.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.cases import CASES, Case, tiny
from benchmarks.gpu.device_probe import (
    GIB,
    busy_share,
    peak_bytes,
    pinned_copy_rate,
    timed,
)
from benchmarks.gpu.peers import ComfyPeer, DiffusersPeer, EnginePeer, Peer, make_jobs
from benchmarks.gpu.served import QUEUED_REQUESTS, ServedPeer
from benchmarks.gpu.small_card import random_requests
from benchmarks.gpu.weights import write_models
from benchmarks.report import argument_parser, table
from benchmarks.workloads import CanvasInput, load_canvas_input
from studio.app import create_app_container
from studio.engine.engine import Engine
from studio.engine.library_logging import silence_library_logging
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.options import EngineOptions
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.settings import Settings

Metrics = dict[str, Any]
TURNS = 4
EXACT = EngineOptions(disable_approximations=True)
ACCELERATED = {"deepcache_interval": 3, "guidance_end_fraction": 0.5}


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    if not torch.cuda.is_available() and not options.tiny:
        reason = (
            "no CUDA device was found, so nothing was measured: --tiny runs the path on the CPU"
        )
        print(json.dumps({"skipped": reason}) if options.as_json else reason)
        return
    silence_library_logging()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        canvas = load_canvas_input(create_app_container(Settings(data_dir=path / "home")))
        metrics: Metrics = {
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            "torch": torch.__version__,
            "cases": {
                name: _measure_case(
                    tiny(CASES[name]) if options.tiny else CASES[name],
                    path,
                    canvas,
                    options,
                )
                for name in options.case or CASES
            },
        }
    if options.as_json:
        print(json.dumps(metrics, indent=2))
    else:
        print(table(_rows(metrics)))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--case", choices=list(CASES), action="append", help="Only this one.")
    parser.add_argument("--turns", type=int, default=TURNS, help="Requests of each peer.")
    parser.add_argument("--comfy", type=Path, help="A ComfyUI checkout, to time it as well.")
    parser.add_argument(
        "--random-requests",
        type=int,
        default=0,
        help="So many random requests with 8 GiB of the card left; 0: none.",
    )
    parser.add_argument("--tiny", action="store_true", help="Tiny models; also without a card.")
    return parser.parse_args(arguments)


def _measure_case(
    case: Case, path: Path, canvas: CanvasInput, options: argparse.Namespace
) -> Metrics:
    """All metrics of one case, with its models written to a directory in `path`."""
    directory = path / case.name
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    write_models(case, directory, device, options.tiny)
    catalog = ModelCatalog((directory,), HashCache(None))
    jobs = make_jobs(case, canvas)
    exact = EnginePeer(Engine(catalog, options=EXACT), canvas, jobs)
    served = ServedPeer(path / "home", Engine(catalog, options=EXACT), canvas, jobs)
    batching, accelerated = Engine(catalog), make_jobs(case, canvas, **ACCELERATED)
    make_peers: dict[str, Callable[[], Peer]] = {
        "ours, exact": lambda: exact,
        "ours, batches": lambda: EnginePeer(batching, canvas, jobs),
        "ours, accelerated": lambda: EnginePeer(batching, canvas, accelerated),
        "ours, served": lambda: served,
        "diffusers": lambda: DiffusersPeer(directory, case, canvas, device),
    }
    if options.comfy:
        make_peers["ComfyUI"] = lambda: ComfyPeer(options.comfy, directory, case)
    metrics: Metrics = {"first_request": {}, "peak_memory_gib": {}}
    peers = {name: _warm_up(name, make, metrics) for name, make in make_peers.items()}
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(options.turns):
        for name, peer in peers.items():
            seconds[name].append(timed(peer.request))
    metrics |= _compare(seconds)
    metrics["seconds_of_queued_request"] = round(timed(served.requests) / QUEUED_REQUESTS, 3)
    if device.type == "cuda":
        metrics["device_busy"] = {
            name: round(busy_share(peers[name].request).share, 3)
            for name in ("ours, exact", "ours, batches", "diffusers")
        }
        metrics["device_busy"]["ours, served"] = round(busy_share(served.requests).share, 3)
    status = exact.engine.status()
    metrics["graphs"] = {
        "captures": status.graph_captures,
        "hits": status.graph_hits,
        "fallbacks": status.graph_fallbacks,
        "mib": round(status.graph_bytes / 2**20),
    }
    metrics["graph_against_eager"] = _graph_difference(exact, catalog, canvas, jobs[0])
    for peer in peers.values():
        peer.close()
    if device.type == "cuda":
        metrics["upload"] = _upload_rate(catalog, canvas, jobs)
    if options.random_requests:
        metrics["small_card"] = random_requests(catalog, canvas, jobs, options.random_requests)
    return metrics


def _warm_up(name: str, make: Callable[[], Peer], metrics: Metrics) -> Peer:
    """The peer after its first request; what that took is kept apart from the turns."""
    peers: list[Peer] = []

    def first_request() -> None:
        peers.append(make())
        peers[0].request()

    def timed_request() -> None:
        metrics["first_request"][name] = round(timed(first_request), 2)

    if not torch.cuda.is_available():
        timed_request()
        return peers[0]
    before = torch.cuda.memory_allocated()
    peak = peak_bytes(timed_request) - before
    metrics["peak_memory_gib"][name] = round(peak / GIB, 2)
    return peers[0]


def _compare(seconds: Mapping[str, Sequence[float]]) -> Metrics:
    """Seconds of each turn, their medians, and the exact engine's as a share of the others'."""
    medians = {name: median(values) for name, values in seconds.items()}
    return {
        "seconds": {name: [round(v, 3) for v in values] for name, values in seconds.items()},
        "median_seconds": {name: round(value, 3) for name, value in medians.items()},
        "share_of": {
            name: round(medians["ours, exact"] / value, 3)
            for name, value in medians.items()
            if not name.startswith("ours")
        },
    }


def _graph_difference(
    exact: EnginePeer, catalog: ModelCatalog, canvas: CanvasInput, job: RenderJob
) -> Metrics:
    """Of one image with recorded steps and without: the largest difference of a color (of 255)."""
    eager = EnginePeer(Engine(catalog, options=replace(EXACT, cuda_graphs=False)), canvas, [job])
    graphed_image, eager_image = (
        np.asarray(peer.render([job])[0].image).astype(np.int16) for peer in (exact, eager)
    )
    eager.close()
    difference = np.abs(graphed_image - eager_image)
    return {"max": int(difference.max()), "share_of_pixels": float((difference > 0).mean())}


def _upload_rate(catalog: ModelCatalog, canvas: CanvasInput, jobs: Sequence[RenderJob]) -> Metrics:
    """Bringing a base model from RAM to the device while another leaves, against a pinned copy."""
    one_each = [
        job.model_copy(update={"recipe": job.recipe.model_copy(update={"control_units": ()})})
        for job in (jobs[0], jobs[-1])
    ]
    limits = CacheLimits(max_device_models=1, max_ram_models=2)
    peer = EnginePeer(Engine(catalog, limits=limits, options=EXACT), canvas, one_each)
    for job in one_each:
        peer.render([job])
    rates = []
    for job in one_each:
        seconds = peer.render([job])[0].timings.load_seconds
        size = peer.engine.status().base_models.bytes("device")
        rates.append(size / max(seconds, 1e-3))
    peer.close()
    pinned = pinned_copy_rate()
    return {
        "gib_per_second": round(median(rates) / GIB, 2),
        "pinned_gib_per_second": round(pinned / GIB, 2),
        "share": round(median(rates) / pinned, 3),
    }


def _rows(metrics: Metrics, prefix: str = "") -> list[tuple[str, str]]:
    """The nested metrics as rows of a table."""
    rows: list[tuple[str, str]] = []
    for name, value in metrics.items():
        if isinstance(value, dict):
            rows += _rows(value, f"{prefix}{name} · ")
        else:
            rows.append((f"{prefix}{name}", str(value)))
    return rows


if __name__ == "__main__":
    main()
