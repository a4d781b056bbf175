"""Chaos runs: no request is lost, duplicated or left unfinished while processes and stores fail.

Issue 18, 1.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.chaos import process_faults, run_chaos, sqlite_faults
from benchmarks.redis_server import RedisServer
from benchmarks.worker_pool import WorkerPool, worker_pool
from tests.servers.disk import small_disk
from tests.servers.postgresql import Cluster, cluster, needed

COUNT = 60
NO_LOSS = {"requests": COUNT, "lost": 0, "duplicated": 0, "unfinished": 0}
LOCKED, AWAY = 12.0, 5.0
"""Seconds: longer than the busy timeout of SQLite."""


@pytest.fixture
def postgresql() -> Iterator[Cluster]:
    with cluster(needed()) as running:
        yield running


def restart(database: Cluster) -> None:
    database.stop()
    time.sleep(AWAY)
    database.start()


def fill_disk(directory: Path) -> None:
    """Fill the disk, and free it again after a while."""
    filler = directory / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as opened:
        while opened.write(bytes(2**16)):
            pass
    time.sleep(AWAY)
    filler.unlink()


@pytest.mark.slow
def test_nothing_is_lost_when_workers_broker_and_api_die(redis: RedisServer) -> None:
    """`redis` skips the test where there is none; the pool restarts a server of its own."""
    with worker_pool(4) as pool, pool.maintenance():
        assert run_chaos(pool, COUNT, process_faults(pool, LOCKED, AWAY)) == NO_LOSS


@pytest.mark.slow
def test_workers_lose_nothing_when_their_database_stops(
    redis: RedisServer, postgresql: Cluster
) -> None:
    faults = [lambda: restart(postgresql)] * 2
    with worker_pool(2, database=postgresql.new_database()) as pool, pool.maintenance():
        assert run_chaos(pool, COUNT, faults) == NO_LOSS


@pytest.mark.slow
def test_one_process_loses_nothing_when_its_database_stops(home: Path, postgresql: Cluster) -> None:
    pool = WorkerPool(home, None, postgresql.new_database())
    with pool.maintenance():
        assert run_chaos(pool, COUNT, [lambda: restart(postgresql)] * 2) == NO_LOSS


@pytest.mark.slow
def test_one_process_loses_nothing_when_its_disk_is_full_or_its_database_locked(
    home: Path,
) -> None:
    with small_disk(home):
        pool = WorkerPool(home, None)
        faults = [lambda: fill_disk(home), *sqlite_faults(pool, LOCKED), lambda: fill_disk(home)]
        with pool.maintenance():
            assert run_chaos(pool, COUNT, faults) == NO_LOSS
        pool.studio.rendering.renders.close()
