"""Requests while whatever can die does: none is lost, shown twice, or left without an end."""

from studio.api.app import REAPED
from studio.bench.redis import RedisServer
from studio.bench.serving import chaos_of, fleet
from studio.worker import every


def test_nothing_is_lost_when_workers_broker_and_api_die(redis: RedisServer) -> None:
    """`redis` says that there is one to be had; the run has its own, to start it again."""
    with fleet(4) as four, every(REAPED, four.tend):
        assert chaos_of(four, 60) == {"requests": 60, "lost": 0, "twice": 0, "untold": 0}
