"""What a client notices while the database, the queue, the disk or a device is away. Issue 18, 1, 2, 4, 12.

Every fault is a real one: servers are stopped and started, files locked, a disk filled.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx2
import pytest

from studio.client import StudioClient
from studio.errors import StudioError
from studio.network import bind_socket
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.serving.request_status import MAX_ATTEMPTS, ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS
from studio.settings import bundled_path
from tests.servers.disk import small_disk
from tests.servers.postgresql import Cluster, cluster, needed
from tests.service.conftest import Service
from tests.service.test_conformance import ASK, ended, states
from tests.waiting import LONG, until


@pytest.fixture
def postgresql() -> Iterator[Cluster]:
    """One of the test's own, to be stopped and started."""
    with cluster(needed()) as running:
        yield running


@pytest.fixture(params=["in-process", "fleet"])
def on_postgresql(
    request: pytest.FixtureRequest, home: Path, postgresql: Cluster
) -> Iterator[Service]:
    redis = request.getfixturevalue("redis") if request.param == "fleet" else None
    running = Service(home, redis, postgresql.new_database())
    yield running
    running.rest()


@pytest.fixture
def in_process(home: Path) -> Service:
    return Service(home, None)


def address(themes: StudioClient) -> str:
    return str(themes._http.base_url).removesuffix("/")


def status(themes: StudioClient, name: str) -> int:
    return httpx2.get(f"{address(themes)}/api/v1/{name}", timeout=LONG).status_code


def begun(themes: StudioClient, request_id: str) -> None:
    """Until its first step."""
    next(event for event in themes.stream_events(request_id) if event["type"] == "step")


def all_told_once(themes: StudioClient, request_id: str) -> None:
    assert states(ended(themes, request_id)) == ["done"] * 4
    ends = [event["slot"] for event in themes.stream_events(request_id) if event["type"] == "done"]
    assert sorted(ends) == [*SLOTS]


def test_a_database_that_stops_and_starts_costs_nothing_but_time(
    on_postgresql: Service, postgresql: Cluster
) -> None:
    service = on_postgresql
    service.work()
    with service.client() as themes:
        all_told_once(themes, themes.create_request(*ASK).id)
        asked = themes.create_request(*ASK, words="slow")
        begun(themes, asked.id)
        postgresql.stop()
        assert status(themes, "ready") == 503
        if service.redis is None:
            until(lambda: service.studio.renders.store_error)
        with pytest.raises(StudioError):
            themes.create_request(*ASK)
        assert status(themes, "health") == 200
        postgresql.start()
        all_told_once(themes, asked.id)
        assert status(themes, "ready") == 200
        all_told_once(themes, themes.create_request(*ASK).id)


def test_a_locked_database_costs_nothing_but_time(
    in_process: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.store.database.BUSY_TIMEOUT_SECONDS", 0.2)
    in_process.studio = in_process.open()
    with in_process.client() as themes:
        asked = themes.create_request(*ASK, words="slow")
        begun(themes, asked.id)
        other = sqlite3.connect(in_process.home / "studio.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        until(lambda: in_process.studio.renders.store_error)
        assert status(themes, "ready") == 503
        other.execute("ROLLBACK")
        other.close()
        all_told_once(themes, asked.id)
        assert status(themes, "ready") == 200


def test_a_full_disk_costs_nothing_but_time_once_it_is_freed(home: Path) -> None:
    with small_disk(home):
        service = Service(home, None)
        with service.client() as themes:
            asked = themes.create_request(*ASK, words="slow")
            begun(themes, asked.id)
            filler = home / "filler"
            with suppress(OSError), filler.open("wb", buffering=0) as opened:
                while opened.write(bytes(2**16)):
                    pass
            until(lambda: service.studio.renders.store_error)
            assert status(themes, "ready") == 503
            filler.unlink()
            all_told_once(themes, asked.id)
            assert len(list((home / "pictures").rglob("*.tmp"))) == 0
        service.studio.renders.close()


def test_what_is_asked_while_redis_is_away_is_kept_and_drawn_later(
    fleet: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.services.requests.celery_runner.UNSENT", timedelta(seconds=1))
    assert fleet.redis is not None
    with fleet.client() as themes:
        fleet.redis.stop()
        asked = [themes.create_request(*ASK) for _ in range(12)]
        assert states(themes.get_request(asked[0].id)) == ["queued"] * 4
        assert status(themes, "ready") == 503
        assert status(themes, "health") == 200
        fleet.redis.start()
        # Who follows from the beginning hears every end, however late it was sent.
        events = themes.stream_events(asked[-1].id)
        fleet.work()
        assert sorted(e["slot"] for e in events if e["type"] == "done") == [*SLOTS]
        for each in asked:
            all_told_once(themes, each.id)
        assert status(themes, "ready") == 200


def test_what_is_drawn_while_redis_goes_away_is_finished(fleet: Service) -> None:
    fleet.work()
    assert fleet.redis is not None
    with fleet.client() as themes:
        asked = themes.create_request(*ASK, words="slow")
        begun(themes, asked.id)
        fleet.redis.stop()
        until(lambda: "done" in states(themes.get_request(asked.id)))
        fleet.redis.start()
        all_told_once(themes, asked.id)


def test_a_worker_whose_device_is_lost_ends_and_another_draws_what_it_had(fleet: Service) -> None:
    fleet.work()
    with fleet.client() as themes:
        asked = themes.create_request(*ASK, words="B loses the device")
        assert fleet.workers[0].wait(LONG) == 9
        shown = themes.get_request(asked.id)
        assert "failed" not in states(shown)
        fleet.work()
        all_told_once(themes, asked.id)
        jobs = {job.slot: job for job in fleet.studio.requests.jobs.get_status(asked.id).jobs}
        assert jobs["B"].attempts >= 2


def test_a_job_that_hangs_is_given_back_and_its_process_replaced(fleet: Service) -> None:
    fleet.work(STUDIO_JOB_TIMEOUT_SECONDS="15")
    with fleet.client() as themes:
        asked = themes.create_request(*ASK, words="B hangs")
        all_told_once(themes, asked.id)
        all_told_once(themes, themes.create_request(*ASK).id)


def test_a_worker_draws_by_a_checkpoint_that_was_added_after_it_started(fleet: Service) -> None:
    fleet.work()
    with fleet.client() as themes:
        all_told_once(themes, themes.create_request(*ASK).id)
        added = fleet.home / "models" / "checkpoints" / "fresh-ink"
        shutil.copytree(bundled_path("assets") / "models" / "checkpoints" / "pocket-ink", added, copy_function=os.link)  # fmt: skip
        preset = fleet.studio.themes.get_version("first-light").preset
        recipes = preset.recipes
        for slot in SLOTS:
            recipe = recipes[slot].model_copy(update={"base_model": ModelRef(name="fresh-ink")})
            recipes = recipes.replace(slot, recipe)
        saved = fleet.studio.themes.save(preset.model_copy(update={"recipes": recipes}))
        fleet.studio.deployments.deployments.add(
            DeploymentSpec(slug="first-light", version=saved.version)
        )
        all_told_once(themes, themes.create_request(*ASK).id)


def test_workers_on_one_host_have_names_of_their_own(fleet: Service) -> None:
    fleet.work(2)
    with fleet.client() as themes:
        for _ in range(2):
            all_told_once(themes, themes.create_request(*ASK).id)
        app = fleet.studio.requests.runner._app  # type: ignore[attr-defined]
        names = until(lambda: app.control.ping(timeout=2), lambda found: len(found) == 2)
        assert len({name for each in names for name in each}) == 2


def test_a_server_waits_for_the_one_before_it_to_end(home: Path) -> None:
    service = Service(home, None)
    key = service.studio.clients.create_or_rotate_key(ApiClient(name="second"))
    with serve(home) as (first, _), serve(home) as (second, port):
        themes = StudioClient(f"http://127.0.0.1:{port}", key)
        first.send_signal(signal.SIGTERM)
        first.wait(LONG)
        until(lambda: answers(port))
        assert themes.themes()
        third = subprocess.run(
            [sys.executable, "-m", "studio.cli", "serve", "--port", "0"], env=environment(home),
            capture_output=True, text=True, timeout=LONG, check=False,
        )  # fmt: skip
        assert third.returncode == 5
        assert "another `studio serve`" in third.stderr
        second.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_only_a_process_that_is_killed_costs_an_attempt(
    home: Path, ended_by: signal.Signals
) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    service = Service(home, None)
    asked = ""

    def running() -> bool:
        jobs = service.studio.requests.jobs.get_status(asked).jobs
        return any(job.state == "running" for job in jobs)

    for ends in range(1, MAX_ATTEMPTS + 1):
        with serve(home) as (server, port):
            until(partial(answers, port))
            if not asked:
                asked = (
                    StudioClient(f"http://127.0.0.1:{port}", service.key).create_request(*ASK).id
                )
            until(running)
            server.send_signal(ended_by)
            server.wait(LONG)
        jobs = service.studio.requests.jobs.get_status(asked).jobs
        if ended_by == signal.SIGTERM:
            assert "running" not in {job.state for job in jobs}
            assert all(job.attempts == 0 for job in jobs if job.state == "queued")
        else:
            assert [job.attempts for job in jobs if job.state == "running"] == [ends]


@contextmanager
def serve(home: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    with bind_socket("127.0.0.1", 0) as spare:
        port = spare.getsockname()[1]
    running = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "serve", "--port", str(port)], env=environment(home)
    )
    try:
        yield running, port
    finally:
        running.kill()
        running.wait()


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"STUDIO_DATA_DIR": str(home), "STUDIO_DEVICE": "cpu"}


def answers(port: int) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"http://127.0.0.1:{port}/api/v1/ready").status_code == 200
    return False
