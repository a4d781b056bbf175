"""Nothing drifts and nothing grows, however often everything changes."""

import gc
from pathlib import Path

import pytest

from studio.app import AppContainer
from studio.bench.jobs import page
from studio.bench.measures import soak_growth
from studio.bench.zoo import pocket_zoo


@pytest.mark.parametrize("jobs", [120, pytest.param(500, marks=pytest.mark.slow)])
def test_hundreds_of_changes_of_everything_leave_memory_as_it_was(
    shipped_studio: AppContainer, tmp_path: Path, jobs: int
) -> None:
    # Every eviction collects garbage: it need not look through what other tests have left.
    gc.collect()
    gc.freeze()
    assert soak_growth(pocket_zoo(tmp_path), page(shipped_studio), jobs) < 0.02
