"""Issue 18, 17: rate limits per minute, shared by processes through Redis; reads are limited, too."""

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


def is_allowed(limits: RateLimits, method: str) -> bool:
    try:
        limits.count(SMALL, method)
    except CapacityError:
        return False
    return True


def count_allowed(limits: RateLimits, method: str = "POST", attempts: int = 100) -> int:
    """How many requests are let in, one after another."""
    return sum(is_allowed(limits, method) for _ in range(attempts))


def test_reads_have_their_own_limit() -> None:
    limits = RateLimits()
    assert count_allowed(limits) == 3
    # Of reads a few more are let in where a minute ends meanwhile.
    assert 3 * READS_PER_REQUEST <= count_allowed(limits, "GET") < 3 * READS_PER_REQUEST + 10
    assert count_allowed(limits, "DELETE", 1) <= 1


def test_processes_share_a_limit_by_redis(redis: RedisServer) -> None:
    one, other = RateLimits(redis.url), RateLimits(redis.url)
    assert count_allowed(one, attempts=2) == 2
    assert count_allowed(other) == 1
    assert count_allowed(one) == 0


def test_each_process_counts_alone_while_redis_is_down(redis: RedisServer) -> None:
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


def test_reads_are_limited_by_the_api(app: TestClient, studio: AppContainer) -> None:
    headers = {
        "Authorization": f"Bearer {studio.stores.clients.create_or_rotate_key(ApiClient(name='one', requests_per_minute=1))}"
    }
    responses = [app.get(f"{V1}/themes", headers=headers) for _ in range(READS_PER_REQUEST + 10)]
    assert [each.status_code for each in responses[:READS_PER_REQUEST]] == [200] * READS_PER_REQUEST
    assert responses[-1].status_code == 429
    assert f"{READS_PER_REQUEST} reads per minute" in responses[-1].json()["detail"]
