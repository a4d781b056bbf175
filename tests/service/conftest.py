"""An API over each job runner, with a deployed theme."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.redis_server import RedisServer, is_installed, redis_server
from studio.app import AppContainer, create_app_container
from studio.client import StudioClient
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from tests.servers.api import serving
from tests.servers.render_worker import ScriptedRenderer


class Service:
    """A studio with its API and the workers that render for it."""

    def __init__(self, home: Path, redis: RedisServer | None, database_url: str = "") -> None:
        """`database_url` replaces SQLite in `home`; without Redis this process renders."""
        self.home, self.redis, self.database_url = home, redis, database_url
        self.workers: list[subprocess.Popen[bytes]] = []
        self.studio = self.open()
        self.studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
        self.key = self.studio.stores.clients.create_or_rotate_key(
            ApiClient(name="app", max_concurrent_requests=300, requests_per_minute=10_000)
        )

    def open(self) -> AppContainer:
        broker = SecretStr(self.redis.url if self.redis else "")
        settings = Settings(
            data_dir=self.home, broker_url=broker, database_url=SecretStr(self.database_url)
        )
        return create_app_container(settings, lambda: ScriptedRenderer(steps=4))

    def start_workers(self, workers: int = 1, **settings: str) -> None:
        """Starts workers; nothing where this process renders."""
        for _ in range(workers if self.redis else 0):
            assert self.redis is not None
            environment = {
                "STUDIO_DATA_DIR": str(self.home),
                "STUDIO_BROKER_URL": self.redis.url,
                "STUDIO_DEVICE": "cpu",
                "STUDIO_DATABASE_URL": self.database_url,
                **settings,
            }
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.servers.render_worker"],
                    env=os.environ | environment,
                    start_new_session=True,
                    stderr=(self.home / "worker.log").open("ab"),
                    stdout=subprocess.DEVNULL,
                )
            )

    def kill_workers(self) -> None:
        """Kills the workers with their pool processes."""
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    @contextmanager
    def client(self) -> Iterator[StudioClient]:
        """A Python client of an API that is served while the context is active."""
        with serving(self.studio) as url, StudioClient(url, self.key) as client:
            yield client


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not is_installed():
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed: `make test` installs it")
        pytest.skip("these tests need Redis: apt-get install redis-server")
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["in-process", "fleet"])
def service(request: pytest.FixtureRequest, home: Path) -> Iterator[Service]:
    redis = request.getfixturevalue("redis") if request.param == "fleet" else None
    running = Service(home, redis)
    yield running
    running.kill_workers()


@pytest.fixture
def fleet(redis: RedisServer, home: Path) -> Iterator[Service]:
    running = Service(home, redis)
    yield running
    running.kill_workers()
