"""An API over each Runner, with a theme that is served."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from studio.app import AppContainer, create_app_container
from studio.bench.redis import RedisServer, installed, redis_server
from studio.client import StudioClient
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from tests.servers.api import serving
from tests.servers.drawer import Wordy


class Service:
    """A studio that serves, its API and the workers that draw for it."""

    def __init__(self, home: Path, redis: RedisServer | None, database: str = "") -> None:
        """`database` is the address of another than SQLite in `home`."""
        self.home, self.redis, self.database = home, redis, database
        self.workers: list[subprocess.Popen[bytes]] = []
        self.studio = self.open()
        self.studio.deployments.deployments.add(DeploymentSpec(slug="first-light", version=1))
        self.key = self.studio.clients.create_or_rotate_key(
            ApiClient(name="app", max_concurrent_requests=300, requests_per_minute=10_000)
        )

    def open(self) -> AppContainer:
        broker = SecretStr(self.redis.url if self.redis else "")
        settings = Settings(
            data_dir=self.home, broker_url=broker, database_url=SecretStr(self.database)
        )
        return create_app_container(settings, lambda: Wordy(steps=4))

    def work(self, workers: int = 1, **settings: str) -> None:
        """Starts workers, where the runner has any."""
        for _ in range(workers if self.redis else 0):
            assert self.redis is not None
            own = {
                "STUDIO_DATA_DIR": str(self.home),
                "STUDIO_BROKER_URL": self.redis.url,
                "STUDIO_DEVICE": "cpu",
                "STUDIO_DATABASE_URL": self.database,
                **settings,
            }
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.servers.drawer"], env=os.environ | own,
                    start_new_session=True, stderr=(self.home / "worker.log").open("ab"),
                    stdout=subprocess.DEVNULL,
                )
            )  # fmt: skip

    def rest(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    @contextmanager
    def client(self) -> Iterator[StudioClient]:
        """The Python client over the API of a process that has just been started."""
        with serving(self.studio) as address, StudioClient(address, self.key) as themes:
            yield themes


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not installed():
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
    running.rest()


@pytest.fixture
def fleet(redis: RedisServer, home: Path) -> Iterator[Service]:
    running = Service(home, redis)
    yield running
    running.rest()
