"""Issue 18, 17: so many requests a minute, over processes where there is Redis; looks count, too."""

import os
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from benchmarks.redis_server import RedisServer, is_installed, redis_server
from studio.app import AppContainer
from studio.errors import CapacityError
from studio.recipes.serving.request_status import ApiClient
from studio.server.rate_limits import READS_PER_REQUEST, REDIS_RETRY_SECONDS, RateLimits
from tests.unit.server.test_api import V1

SMALL = ApiClient(name="small", requests_per_minute=3)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not is_installed():
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed: `make test` installs it")
        pytest.skip("these tests need Redis: apt-get install redis-server")
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


def is_taken(limits: RateLimits, method: str) -> bool:
    try:
        limits.count(SMALL, method)
    except CapacityError:
        return False
    return True


def taken(limits: RateLimits, method: str = "POST", most: int = 100) -> int:
    """How many requests are let in, one after another."""
    return sum(is_taken(limits, method) for _ in range(most))


def test_looks_have_a_limit_of_their_own() -> None:
    limits = RateLimits()
    assert taken(limits) == 3
    # Of reads a few more are let in where a minute ends meanwhile.
    assert 3 * READS_PER_REQUEST <= taken(limits, "GET") < 3 * READS_PER_REQUEST + 10
    assert taken(limits, "DELETE", 1) <= 1


def test_processes_that_share_a_redis_share_the_limit(redis: RedisServer) -> None:
    one, other = RateLimits(redis.url), RateLimits(redis.url)
    assert taken(one, most=2) == 2
    assert taken(other) == 1
    assert taken(one) == 0


def test_while_redis_is_away_each_process_counts_alone(redis: RedisServer) -> None:
    now = [100.0]
    limits = RateLimits(redis.url, lambda: now[0])
    client = SMALL.model_copy(update={"name": "other"})
    redis.stop()
    try:
        for _ in range(3):
            limits.count(client, "POST")
        with pytest.raises(CapacityError):
            limits.count(client, "POST")
    finally:
        redis.start()
    now[0] += REDIS_RETRY_SECONDS
    limits.count(client, "POST")
    fresh = RateLimits(redis.url)
    fresh.count(client, "POST")
    fresh.count(client, "POST")
    with pytest.raises(CapacityError):
        fresh.count(client, "POST")


def test_looks_are_limited_by_the_api(app: TestClient, studio: AppContainer) -> None:
    headers = {
        "Authorization": f"Bearer {studio.clients.create_or_rotate_key(ApiClient(name='one', requests_per_minute=1))}"
    }
    looks = [app.get(f"{V1}/themes", headers=headers) for _ in range(READS_PER_REQUEST + 10)]
    assert [each.status_code for each in looks[:READS_PER_REQUEST]] == [200] * READS_PER_REQUEST
    assert looks[-1].status_code == 429
    assert f"{READS_PER_REQUEST} reads a minute" in looks[-1].json()["detail"]
