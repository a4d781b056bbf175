"""Soak test: memory does not grow."""

import gc
from pathlib import Path

import pytest
from studio.bench.jobs import page
from studio.bench.measures import soak_growth
from studio.bench.zoo import pocket_zoo

from studio.app import AppContainer


@pytest.mark.parametrize("jobs", [120, pytest.param(500, marks=pytest.mark.slow)])
def test_memory_does_not_grow_over_hundreds_of_model_changes(
    shipped_studio: AppContainer, tmp_path: Path, jobs: int
) -> None:
    # Every eviction collects garbage: exclude what other tests have left from it.
    gc.collect()
    gc.freeze()
    assert soak_growth(pocket_zoo(tmp_path), page(shipped_studio), jobs) < 0.02
