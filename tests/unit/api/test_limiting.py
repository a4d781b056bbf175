"""Issue 18, 17: so many requests a minute, over processes where there is Redis; looks count, too."""

import os
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from studio.api.limiting import AWAY, READS, Limits
from studio.bench.redis import RedisServer, installed, redis_server
from studio.bootstrap import Studio
from studio.errors import Busy
from studio.recipes.serving import Client
from tests.unit.api.test_api import V1

SMALL = Client(name="small", per_minute=3)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not installed():
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed: `make test` installs it")
        pytest.skip("these tests need Redis: apt-get install redis-server")
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


def is_taken(limits: Limits, method: str) -> bool:
    try:
        limits.count(SMALL, method)
    except Busy:
        return False
    return True


def taken(limits: Limits, method: str = "POST", most: int = 100) -> int:
    """How many requests are let in, one after another."""
    return sum(is_taken(limits, method) for _ in range(most))


def test_looks_have_a_limit_of_their_own() -> None:
    limits = Limits()
    assert taken(limits) == 3
    # Of reads a few more are let in where a minute ends meanwhile.
    assert 3 * READS <= taken(limits, "GET") < 3 * READS + 10
    assert taken(limits, "DELETE", 1) <= 1


def test_processes_that_share_a_redis_share_the_limit(redis: RedisServer) -> None:
    one, other = Limits(redis.url), Limits(redis.url)
    assert taken(one, most=2) == 2
    assert taken(other) == 1
    assert taken(one) == 0


def test_while_redis_is_away_each_process_counts_alone(redis: RedisServer) -> None:
    now = [100.0]
    limits = Limits(redis.url, lambda: now[0])
    client = SMALL.model_copy(update={"name": "other"})
    redis.stop()
    try:
        for _ in range(3):
            limits.count(client, "POST")
        with pytest.raises(Busy):
            limits.count(client, "POST")
    finally:
        redis.start()
    now[0] += AWAY
    limits.count(client, "POST")
    fresh = Limits(redis.url)
    fresh.count(client, "POST")
    fresh.count(client, "POST")
    with pytest.raises(Busy):
        fresh.count(client, "POST")


def test_looks_are_limited_by_the_api(app: TestClient, studio: Studio) -> None:
    headers = {"Authorization": f"Bearer {studio.clients.put(Client(name='one', per_minute=1))}"}
    looks = [app.get(f"{V1}/themes", headers=headers) for _ in range(READS + 10)]
    assert [each.status_code for each in looks[:READS]] == [200] * READS
    assert looks[-1].status_code == 429
    assert f"{READS} reads a minute" in looks[-1].json()["detail"]
