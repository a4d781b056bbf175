"""Fixtures: tests of the store run on a real SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.postgresql import Cluster, cluster, needed


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    with cluster(needed()) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/studio.db"
    running: Cluster = request.getfixturevalue("postgresql")
    return running.new_database()
