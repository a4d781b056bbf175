"""Nothing drifts and nothing grows, however often everything changes."""

from pathlib import Path

from studio.bench.jobs import page
from studio.bench.measures import soak_growth
from studio.bench.zoo import pocket_zoo
from studio.bootstrap import Studio

JOBS = 500


def test_five_hundred_changes_of_everything_leave_memory_as_it_was(
    shipped_studio: Studio, tmp_path: Path
) -> None:
    growth = soak_growth(pocket_zoo(tmp_path), page(shipped_studio), JOBS)
    assert growth < 0.02
