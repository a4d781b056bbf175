"""Chaos tests: no request is lost, rendered twice or left without an end. Issue 18, 1."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from studio.bench.redis import RedisServer
from studio.bench.serving import (
    WorkerPool,
    fleet,
    fleet_faults,
    run_chaos,
    run_periodically,
    sqlite_faults,
)
from studio.server.app import MAINTENANCE_INTERVAL_SECONDS
from tests.servers.disk import small_disk
from tests.servers.postgresql import Cluster, cluster, needed

COUNT = 60
ALL_WELL = {"requests": COUNT, "lost": 0, "twice": 0, "untold": 0}
LOCKED_SECONDS, OUTAGE_SECONDS = 12.0, 5.0
"""A lock is held longer than SQLite's busy timeout."""


@pytest.fixture
def postgresql() -> Iterator[Cluster]:
    with cluster(needed()) as running:
        yield running


def restart(database: Cluster) -> None:
    database.stop()
    time.sleep(OUTAGE_SECONDS)
    database.start()


def fill(directory: Path) -> None:
    """Fills the disk, and frees it again after a while."""
    filler = directory / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as opened:
        while opened.write(bytes(2**16)):
            pass
    time.sleep(OUTAGE_SECONDS)
    filler.unlink()


def test_nothing_is_lost_when_workers_broker_and_api_are_killed(redis: RedisServer) -> None:
    """The fixture only skips the test without Redis; the run restarts a server of its own."""
    with fleet(4) as four, run_periodically(MAINTENANCE_INTERVAL_SECONDS, four.tend):
        assert (
            run_chaos(four, COUNT, fleet_faults(four, LOCKED_SECONDS, OUTAGE_SECONDS)) == ALL_WELL
        )


@pytest.mark.slow
def test_nothing_is_lost_with_workers_when_the_database_stops(
    redis: RedisServer, postgresql: Cluster
) -> None:
    faults = [lambda: restart(postgresql)] * 2
    with (
        fleet(2, database=postgresql.new_database()) as two,
        run_periodically(MAINTENANCE_INTERVAL_SECONDS, two.tend),
    ):
        assert run_chaos(two, COUNT, faults) == ALL_WELL


@pytest.mark.slow
def test_nothing_is_lost_in_one_process_when_the_database_stops(
    home: Path, postgresql: Cluster
) -> None:
    alone = WorkerPool(home, None, postgresql.new_database())
    with run_periodically(MAINTENANCE_INTERVAL_SECONDS, alone.tend):
        assert run_chaos(alone, COUNT, [lambda: restart(postgresql)] * 2) == ALL_WELL


@pytest.mark.slow
def test_nothing_is_lost_in_one_process_when_disk_is_full_or_database_locked(
    home: Path,
) -> None:
    with small_disk(home):
        alone = WorkerPool(home, None)
        faults = [lambda: fill(home), *sqlite_faults(alone, LOCKED_SECONDS), lambda: fill(home)]
        with run_periodically(MAINTENANCE_INTERVAL_SECONDS, alone.tend):
            assert run_chaos(alone, COUNT, faults) == ALL_WELL
        alone.studio.renders.close()
