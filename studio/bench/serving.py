"""What the queue costs and whether it is fair, and what becomes of requests when things die.

A fleet of this machine's own: a real Redis on a spare port, workers whose lanes only sleep. Bounded in
requests and time; everything it starts it ends.
"""

import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from studio.app import AppContainer, create_app_container
from studio.bench.drawer import SleepingRenderer
from studio.bench.redis import RedisServer, redis_server
from studio.errors import CapacityError, StorageUnavailableError
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.serving.request_status import ApiClient, RequestStatus
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS, RecipeSet
from studio.server.app import MAINTENANCE_INTERVAL_SECONDS
from studio.services.requests.request_service import GenerationRequestSpec
from studio.settings import Settings
from studio.store.database import Database, as_utc
from studio.store.tables import JobRow
from studio.worker.celery_worker import run_periodically

THEME, BASE = "bench", "mia"
MODELS = ("pocket-ink", "pocket-water")
LOADED = 20
"""Requests of the run that counts how often models are changed: 80 jobs."""
LOCKED, AWAY = 30.0, 10.0
"""Seconds that SQLite is locked, and Redis away."""
Tell = Callable[[str], None]
Faults = Sequence[Callable[[], None]]


class WorkerPool:
    """A studio that serves one theme, and workers for it."""

    def __init__(self, home: Path, redis: RedisServer | None, database: str = "") -> None:
        """Without a Redis the studio draws by itself; `database` is another than SQLite in `home`."""
        self.home, self.redis, self.database = home, redis, database
        self.workers: list[subprocess.Popen[bytes]] = []
        self.studio = self._open()
        self._database = Database(self.studio.settings.sqlalchemy_url)
        self._deploy()

    def restart(self) -> None:
        """As when the API's process is started again."""
        self.studio = self._open()

    def tend(self) -> None:
        """What the API's process does now and then."""
        self.studio.requests.run_maintenance()

    def submit(self, client: str, seconds: Sequence[float]) -> RequestStatus:
        """A request whose four jobs take so long, and a change of the base model what stands fifth."""
        words = " ".join(f"{each:.3f}" for each in seconds)
        who = ApiClient(name=client, max_concurrent_requests=1000, requests_per_minute=100_000)
        return self.studio.requests.submit(
            who, GenerationRequestSpec(THEME, BASE, user_prompt=words)
        )

    def ask_until_admitted(self, client: str, seconds: Sequence[float]) -> RequestStatus:
        """As a client that comes back when it is told that the queue is full, or the database away."""
        for _ in range(2000):
            try:
                return self.submit(client, seconds)
            except (CapacityError, StorageUnavailableError):
                time.sleep(0.1)
        raise TimeoutError("the queue stayed full")

    def states(self, asked: RequestStatus) -> list[str]:
        return [job.state for job in self.studio.requests.jobs.get_status(asked.id).jobs]

    def claimed(self, asked: RequestStatus) -> datetime:
        """When the first of its jobs was: they gave no sign of life since, being short."""
        query = select(func.min(JobRow.heartbeat_at)).where(JobRow.request_id == asked.id)
        with self._database.read_session() as session:
            return as_utc(session.scalars(query).one())

    def until_ended(self, requests: Sequence[RequestStatus], seconds: float) -> bool:
        """Waits until all have ended; False when it took too long."""
        until = time.monotonic() + seconds
        left = list(requests)
        while left and time.monotonic() < until:
            left = [
                each
                for each in left
                if not self.studio.requests.jobs.get_status(each.id).is_finished
            ]
            time.sleep(0.02)
        return not left

    def work(self, count: int, *order: str) -> None:
        """Starts so many workers, which look through their queues by `order` where one is given."""
        for _ in range(count):
            own = {
                "STUDIO_DATA_DIR": str(self.home),
                "STUDIO_BROKER_URL": self.redis.url if self.redis else "",
                "STUDIO_DATABASE_URL": self.database,
                "STUDIO_DEVICE": "cpu",
            }
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "studio.bench.drawer", *order], env=os.environ | own, start_new_session=True,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
        # Each draws once, so that none is measured while it starts.
        self.until_ended([self.submit("warm", [0.4] * 4) for _ in range(count)], 60)

    def stop_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self.workers.clear()

    def _open(self) -> AppContainer:
        broker = SecretStr(self.redis.url if self.redis else "")
        settings = Settings(
            data_dir=self.home, broker_url=broker, database_url=SecretStr(self.database)
        )
        return create_app_container(settings, SleepingRenderer)

    def _deploy(self) -> None:
        """Two base models; the words alone are the prompt, since they say how long to sleep."""
        preset = self.studio.themes.get_version("first-light").preset
        recipes: RecipeSet = preset.recipes
        for index, slot in enumerate(SLOTS):
            model = ModelRef(name=MODELS[index // 2])
            changes = {"base_model": model, "prompt_template": "{prompt}", "loras": (), "control_units": ()}  # fmt: skip
            recipes = recipes.replace(slot, recipes[slot].model_copy(update=changes))
        named = {"slug": THEME, "name": "Bench", "theme_prompt": "", "recipes": recipes}
        self.studio.themes.save(preset.model_copy(update=named))
        self.studio.deployments.deployments.add(DeploymentSpec(slug=THEME, version=1))


@contextmanager
def fleet(workers: int, *order: str, database: str = "") -> Iterator[WorkerPool]:
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as redis:
        running = WorkerPool(Path(folder) / "home", redis, database)
        try:
            running.work(workers, *order)
            yield running
        finally:
            running.stop_workers()


def serving_figures(tell: Tell, requests: int = 200) -> dict[str, Any]:
    """One object with every figure; `tell` hears what is being measured."""
    with fleet(4) as four:
        tell("dispatch: 60 requests to an idle fleet of four")
        waits = sorted(_dispatch(four) for _ in range(60))
        tell("fairness: a client that floods beside one that asks for little")
        quiet = _fairness_ratio(four)
    loads = {}
    for name, order in (("hot_first", ()), ("round_robin", ("round_robin",))):
        tell(f"affinity: {LOADED} requests for two models on three workers, {name}")
        with fleet(3, *order) as three:
            loads[name] = _loads(three)
    ratios, idle = {}, 0.0
    for count in (1, 2, 4, 8):
        tell(f"makespan: mixed jobs on {count} workers")
        with fleet(count) as some:
            ratio, stretch = _makespan(some, count)
        ratios[str(count)], idle = round(ratio, 3), max(idle, stretch)
    tell(f"chaos: {requests} requests over four workers, with kills")
    with fleet(4) as four, run_periodically(MAINTENANCE_INTERVAL_SECONDS, four.tend):
        chaos = run_chaos(four, requests, fleet_faults(four, LOCKED, AWAY))
    return {
        "dispatch_p50_ms": round(1000 * statistics.median(waits), 1),
        "dispatch_p99_ms": round(1000 * waits[int(0.99 * (len(waits) - 1))], 1),
        "makespan_ratio": ratios,
        "model_loads": loads,
        "idle_while_queued_s": round(idle, 2),
        "quiet_client_p95_ratio": round(quiet, 2),
        "chaos": chaos,
        "cores": os.cpu_count(),
    }


def _dispatch(some: WorkerPool) -> float:
    """Seconds from a request's admission until the first of its jobs was claimed, as the job table has
    it: whoever looked on would take a core from those that are measured."""
    began = datetime.now(UTC)
    asked = some.submit("app", [0.02] * 4)
    time.sleep(0.15)
    some.until_ended([asked], 20)
    return (some.claimed(asked) - began).total_seconds()


def _loads(some: WorkerPool) -> int:
    """How often workers changed their base model over jobs of two, as the variants' timings tell."""
    asked = [some.submit("app", [*[0.04] * 4, 0.1]) for _ in range(LOADED)]
    some.until_ended(asked, 120)
    made = [variant for each in asked for variant in some.studio.variants.list_for_request(each.id)]
    assert len(made) == len(SLOTS) * LOADED
    return sum(variant.timings.load_seconds > 0 for variant in made)


def _makespan(some: WorkerPool, workers: int) -> tuple[float, float]:
    """How much longer mixed jobs took than they had to, and the longest time that a worker was idle
    while a job waited."""
    chance = random.Random(7)
    rows = [[chance.uniform(0.2, 1.0) for _ in SLOTS] for _ in range(4 * workers)]
    ideal = max(sum(map(sum, rows)) / workers, *map(max, rows))
    began = time.monotonic()
    asked = [some.submit("app", row) for row in rows]
    worst, since = 0.0, None
    while True:
        states = [state for each in asked for state in some.states(each)]
        now = time.monotonic()
        if states.count("running") < workers and states.count("queued"):
            since = since or now
            worst = max(worst, now - since)
        else:
            since = None
        if all(state not in ("queued", "running") for state in states):
            return (now - began) / ideal, worst
        time.sleep(0.02)


def _fairness_ratio(some: WorkerPool) -> float:
    """A quiet client's 95th percentile of waits for its first picture's start, by its own run time."""
    run, waits = 0.5, []
    flood = [some.submit("flood", [0.5] * 4) for _ in range(60)]
    for _ in range(12):
        began = time.monotonic()
        asked = some.submit("quiet", [run] * 4)
        while all(state == "queued" for state in some.states(asked)):
            time.sleep(0.002)
        waits.append(time.monotonic() - began)
        some.until_ended([asked], 60)
    for each in flood:
        some.studio.requests.jobs.cancel(each.id)
    waits.sort()
    return waits[int(0.95 * (len(waits) - 1))] / run


def run_chaos(some: WorkerPool, count: int, faults: Faults) -> dict[str, int]:
    """Requests while one fault after another is met: how many were lost, told twice, or never told their
    end."""
    chance = random.Random(11)
    asked = []
    when = {count * (at + 1) // (len(faults) + 1): fault for at, fault in enumerate(faults)}
    for number in range(count):
        seconds = [chance.uniform(0.02, 0.1) for _ in SLOTS]
        asked.append(some.ask_until_admitted(f"app-{number % 7}", seconds))
        if number in when:
            when[number]()
        time.sleep(0.01)
    some.until_ended(asked, 240)
    lost = twice = untold = 0
    for each in asked:
        lost += any(state != "done" for state in some.states(each))
        made = some.studio.variants.list_for_request(each.id)
        some.studio.requests.is_finished(each.id)  # As whoever follows it does.
        news = some.studio.requests.events_since(each.id, 0)
        told = some.studio.requests.terminal_events(each.id) if news is None else news
        ends = [said.slot for said in told if said.is_terminal]
        twice += len(ends) > len(set(ends)) or len(made) > len(SLOTS)
        untold += set(ends) != set(SLOTS)
    return {"requests": count, "lost": lost, "twice": twice, "untold": untold}


def fleet_faults(some: WorkerPool, locked: float, away: float) -> Faults:
    """Processes killed, Redis and the API started again, Redis away for so many seconds, SQLite locked for
    so many."""
    chance = random.Random(12)

    def child() -> None:
        parent = str(chance.choice(some.workers).pid)
        found = subprocess.run(["pgrep", "-P", parent], capture_output=True, text=True, check=False)
        for pid in found.stdout.split()[:1]:
            os.kill(int(pid), signal.SIGKILL)

    def worker() -> None:
        killed = chance.choice(some.workers)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        some.workers.remove(killed)
        some.work(1)

    def redis(seconds: float = 0.0) -> None:
        assert some.redis is not None
        some.redis.stop()
        time.sleep(seconds)
        some.redis.start()

    faults: Faults = [child, worker, redis, some.restart, child, partial(redis, away)]
    return [*faults, *sqlite_faults(some, locked)]


def sqlite_faults(some: WorkerPool, seconds: float) -> Faults:
    """The database held by another writer for so long; none where it is not SQLite."""

    def lock() -> None:
        other = sqlite3.connect(some.home / "studio.db", isolation_level=None, timeout=60)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.close()

    return [] if some.database else [lock]


def table(figures: dict[str, Any]) -> str:
    """The figures side by side, a line each."""
    chaos = figures["chaos"]
    rows = [
        ("dispatch to an idle fleet, p50", f"{figures['dispatch_p50_ms']:.1f} ms"),
        ("dispatch to an idle fleet, p99", f"{figures['dispatch_p99_ms']:.1f} ms"),
        *((f"makespan by ideal, {n} workers", f"{r:.2f}") for n, r in figures["makespan_ratio"].items()),
        *((f"base models loaded for {4 * LOADED} jobs, {n.replace('_', ' ')}", str(c)) for n, c in figures["model_loads"].items()),
        ("longest a worker was idle while a job waited", f"{figures['idle_while_queued_s']:.2f} s"),
        ("a quiet client's p95 wait by its run time", f"{figures['quiet_client_p95_ratio']:.2f}"),
        (f"chaos: of {chaos['requests']} requests lost", str(chaos["lost"])),
        ("chaos: told or made twice", str(chaos["twice"])),
        ("chaos: never told their end", str(chaos["untold"])),
    ]  # fmt: skip
    return "\n".join(f"{name:<52}{value:>10}" for name, value in rows)
