"""A studio with one theme and stub workers, for queue benchmarks and chaos tests."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import func, select

from benchmarks.redis_server import RedisServer, redis_server
from benchmarks.stub_worker import SleepingRenderer
from studio.app import AppContainer, create_app_container
from studio.errors import CapacityError, StorageUnavailableError, StudioError
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.serving.request_status import ApiClient, RequestStatus
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS, RecipeSet
from studio.server.app import MAINTENANCE_INTERVAL_SECONDS
from studio.services.requests.request_spec import GenerationRequestSpec
from studio.settings import Settings
from studio.store.database import Database, as_utc
from studio.store.tables import JobRow

THEME, BASE_IMAGE = "bench", "mia"
BASE_MODELS = ("pocket-ink", "pocket-water")
"""Base models of the recipes A and B, and of C and D."""
POLL_SECONDS = 0.02


class WorkerPool:
    """The API's side of the queue, and the processes of the workers."""

    def __init__(self, home: Path, redis: RedisServer | None, database: str = "") -> None:
        """Without `redis` the studio renders in its own process; `database` is the URL of one to
        use in place of SQLite in `home`."""
        self.home, self.redis, self.database = home, redis, database
        self.workers: list[subprocess.Popen[bytes]] = []
        self.studio = self._open()
        self._database = Database(self.studio.settings.sqlalchemy_url)
        self._deploy()

    def restart(self) -> None:
        """As when the API's process is restarted."""
        self.studio = self._open()

    @contextmanager
    def maintenance(self) -> Iterator[None]:
        """Runs the API's maintenance (lost jobs, unsent messages) in a thread while the block
        runs."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._maintain, args=(stopped,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()

    def submit(self, client: str, seconds: Sequence[float]) -> RequestStatus:
        """A request whose jobs take `seconds`, for A to D; a fifth number for a change of base
        model.

        Raises CapacityError if the queue is full, StorageUnavailableError if the database is away.
        """
        prompt = " ".join(f"{number:.3f}" for number in seconds)
        api_client = ApiClient(
            name=client, max_concurrent_requests=1000, requests_per_minute=100_000
        )
        spec = GenerationRequestSpec(THEME, BASE_IMAGE, user_prompt=prompt)
        return self.studio.serving.requests.submit(api_client, spec)

    def submit_with_retry(self, client: str, seconds: Sequence[float]) -> RequestStatus:
        """The same, retried while the queue is full or the database away. Raises TimeoutError."""
        for _ in range(2000):
            try:
                return self.submit(client, seconds)
            except (CapacityError, StorageUnavailableError):
                time.sleep(0.1)
        raise TimeoutError("the queue stayed full")

    def job_states(self, request: RequestStatus) -> list[str]:
        return [job.state for job in self.studio.stores.jobs.requests.get_status(request.id).jobs]

    def first_claimed_at(self, request: RequestStatus) -> datetime:
        """When the first of its jobs was claimed: short jobs send no later heartbeat."""
        query = select(func.min(JobRow.heartbeat_at)).where(JobRow.request_id == request.id)
        with self._database.read_session() as session:
            return as_utc(session.scalars(query).one())

    def wait_until_finished(self, requests: Sequence[RequestStatus], timeout: float) -> bool:
        """Waits until all have ended; False if that takes longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        pending = list(requests)
        get_status = self.studio.stores.jobs.requests.get_status
        while pending and time.monotonic() < deadline:
            pending = [request for request in pending if not get_status(request.id).is_finished]
            time.sleep(POLL_SECONDS)
        return not pending

    def start_workers(self, count: int, *strategy: str) -> None:
        """Starts `count` workers and renders with each once, so that none is measured while it
        starts.

        `strategy` is the order in which they read their queues, by default model affinity.
        """
        variables = {
            "STUDIO_DATA_DIR": str(self.home),
            "STUDIO_BROKER_URL": self.redis.url if self.redis else "",
            "STUDIO_DATABASE_URL": self.database,
            "STUDIO_DEVICE": "cpu",
        }
        for _ in range(count):
            worker = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.stub_worker", *strategy],
                env=os.environ | variables,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self.workers.append(worker)
        self.wait_until_finished([self.submit("warm-up", [0.4] * 4) for _ in range(count)], 60)

    def stop_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    def _maintain(self, stopped: threading.Event) -> None:
        while not stopped.wait(MAINTENANCE_INTERVAL_SECONDS):
            try:
                self.studio.serving.maintenance.run_maintenance()
            except StudioError as error:
                print(f"maintenance failed and is retried: {error}", file=sys.stderr)

    def _open(self) -> AppContainer:
        settings = Settings(
            data_dir=self.home,
            broker_url=SecretStr(self.redis.url if self.redis else ""),
            database_url=SecretStr(self.database),
        )
        return create_app_container(settings, SleepingRenderer)

    def _deploy(self) -> None:
        """A theme on two base models whose prompt is the user's alone: it holds the durations."""
        preset = self.studio.stores.themes.get_version("first-light").preset
        recipes: RecipeSet = preset.recipes
        for index, slot in enumerate(SLOTS):
            changes = {
                "base_model": ModelRef(name=BASE_MODELS[index // 2]),
                "prompt_template": "{prompt}",
                "loras": (),
                "control_units": (),
            }
            recipes = recipes.replace(slot, recipes[slot].model_copy(update=changes))
        fields = {"slug": THEME, "name": "Bench", "theme_prompt": "", "recipes": recipes}
        self.studio.stores.themes.save(preset.model_copy(update=fields))
        self.studio.stores.deployments.add(DeploymentSpec(slug=THEME, version=1))


@contextmanager
def worker_pool(workers: int, *strategy: str, database: str = "") -> Iterator[WorkerPool]:
    """A pool with a Redis server and `workers` running workers; all of it ends with the block."""
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as redis:
        pool = WorkerPool(Path(directory) / "home", redis, database)
        try:
            pool.start_workers(workers, *strategy)
            yield pool
        finally:
            pool.stop_workers()
