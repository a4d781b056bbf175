"""Nothing drifts and nothing grows, however often everything changes."""

import gc
from pathlib import Path

from studio.bench.jobs import page
from studio.bench.measures import soak_growth
from studio.bench.zoo import pocket_zoo
from studio.bootstrap import Studio

JOBS = 500


def test_five_hundred_changes_of_everything_leave_memory_as_it_was(
    shipped_studio: Studio, tmp_path: Path
) -> None:
    # Every eviction collects garbage: it need not look through what other tests have left.
    gc.collect()
    gc.freeze()
    try:
        growth = soak_growth(pocket_zoo(tmp_path), page(shipped_studio), JOBS)
    finally:
        gc.unfreeze()
    assert growth < 0.02
