"""Memory stays constant while models, ControlNets and LoRAs change with every job."""

import gc
from pathlib import Path

import pytest

from benchmarks.engine_benchmarks import memory_growth
from benchmarks.model_zoo import pocket_zoo
from benchmarks.workloads import load_canvas_input
from studio.app import AppContainer


@pytest.mark.parametrize("jobs", [120, pytest.param(500, marks=pytest.mark.slow)])
def test_resident_memory_does_not_grow_over_many_switches(
    shipped_studio: AppContainer, tmp_path: Path, jobs: int
) -> None:
    # Every eviction collects garbage: objects of other tests are exempted from it.
    gc.collect()
    gc.freeze()
    assert memory_growth(pocket_zoo(tmp_path), load_canvas_input(shipped_studio), jobs) < 0.02
