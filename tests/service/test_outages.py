"""Outages of database, broker, disk and device, as a client notices them. Issue 18, 1, 2, 4, 12.

Every fault is real: servers are stopped and started, files are locked, a disk is filled.
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
from tests.service.test_conformance import THEME_AND_BASE, job_states, wait_until_finished
from tests.waiting import LONG, until


@pytest.fixture
def postgresql() -> Iterator[Cluster]:
    """A cluster that the test may stop and start."""
    with cluster(needed()) as running:
        yield running


@pytest.fixture(params=["in-process", "fleet"])
def on_postgresql(
    request: pytest.FixtureRequest, home: Path, postgresql: Cluster
) -> Iterator[Service]:
    redis = request.getfixturevalue("redis") if request.param == "fleet" else None
    running = Service(home, redis, postgresql.new_database())
    yield running
    running.kill_workers()


@pytest.fixture
def in_process(home: Path) -> Service:
    return Service(home, None)


def base_url(client: StudioClient) -> str:
    return str(client._http.base_url).removesuffix("/")


def status(client: StudioClient, name: str) -> int:
    return httpx2.get(f"{base_url(client)}/api/v1/{name}", timeout=LONG).status_code


def wait_for_first_step(client: StudioClient, request_id: str) -> None:
    next(event for event in client.stream_events(request_id) if event["type"] == "step")


def expect_all_done_once(client: StudioClient, request_id: str) -> None:
    assert job_states(wait_until_finished(client, request_id)) == ["done"] * 4
    ends = [event["slot"] for event in client.stream_events(request_id) if event["type"] == "done"]
    assert sorted(ends) == [*SLOTS]


def test_database_restart_loses_nothing(on_postgresql: Service, postgresql: Cluster) -> None:
    service = on_postgresql
    service.start_workers()
    with service.client() as client:
        expect_all_done_once(client, client.create_request(*THEME_AND_BASE).id)
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        wait_for_first_step(client, created.id)
        postgresql.stop()
        assert status(client, "ready") == 503
        if service.redis is None:
            until(lambda: service.studio.rendering.renders.store_error)
        with pytest.raises(StudioError):
            client.create_request(*THEME_AND_BASE)
        assert status(client, "health") == 200
        postgresql.start()
        expect_all_done_once(client, created.id)
        assert status(client, "ready") == 200
        expect_all_done_once(client, client.create_request(*THEME_AND_BASE).id)


def test_locked_database_loses_nothing(
    in_process: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.store.database.BUSY_TIMEOUT_SECONDS", 0.2)
    in_process.studio = in_process.open()
    with in_process.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        wait_for_first_step(client, created.id)
        other = sqlite3.connect(in_process.home / "studio.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        until(lambda: in_process.studio.rendering.renders.store_error)
        assert status(client, "ready") == 503
        other.execute("ROLLBACK")
        other.close()
        expect_all_done_once(client, created.id)
        assert status(client, "ready") == 200


def test_full_disk_loses_nothing_once_it_is_freed(home: Path) -> None:
    with small_disk(home):
        service = Service(home, None)
        with service.client() as client:
            created = client.create_request(*THEME_AND_BASE, prompt="slow")
            wait_for_first_step(client, created.id)
            filler = home / "filler"
            with suppress(OSError), filler.open("wb", buffering=0) as opened:
                while opened.write(bytes(2**16)):
                    pass
            until(lambda: service.studio.rendering.renders.store_error)
            assert status(client, "ready") == 503
            filler.unlink()
            expect_all_done_once(client, created.id)
            assert len(list((home / "pictures").rglob("tmp*"))) == 0
        service.studio.rendering.renders.close()


def test_requests_during_a_redis_outage_are_rendered_later(
    fleet: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.services.requests.celery_runner.RESEND_AFTER", timedelta(seconds=1))
    assert fleet.redis is not None
    with fleet.client() as client:
        fleet.redis.stop()
        created = [client.create_request(*THEME_AND_BASE) for _ in range(12)]
        assert job_states(client.get_request(created[0].id)) == ["queued"] * 4
        assert status(client, "ready") == 503
        assert status(client, "health") == 200
        fleet.redis.start()
        # A client that streams from the start gets every end, however late the job was sent.
        events = client.stream_events(created[-1].id)
        fleet.start_workers()
        assert sorted(e["slot"] for e in events if e["type"] == "done") == [*SLOTS]
        for request in created:
            expect_all_done_once(client, request.id)
        assert status(client, "ready") == 200


def test_running_jobs_finish_during_a_redis_outage(fleet: Service) -> None:
    fleet.start_workers()
    assert fleet.redis is not None
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        wait_for_first_step(client, created.id)
        fleet.redis.stop()
        until(lambda: "done" in job_states(client.get_request(created.id)))
        fleet.redis.start()
        expect_all_done_once(client, created.id)


def test_worker_exits_on_device_loss_and_another_renders_its_job(fleet: Service) -> None:
    fleet.start_workers()
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="B loses the device")
        assert fleet.workers[0].wait(LONG) == 9
        response = client.get_request(created.id)
        assert "failed" not in job_states(response)
        fleet.start_workers()
        expect_all_done_once(client, created.id)
        jobs = {
            job.slot: job for job in fleet.studio.stores.jobs.requests.get_status(created.id).jobs
        }
        assert jobs["B"].attempts >= 2


@pytest.mark.slow
def test_hung_job_is_requeued_and_its_process_replaced(fleet: Service) -> None:
    fleet.start_workers(STUDIO_JOB_SECONDS="15")
    with fleet.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="B hangs")
        expect_all_done_once(client, created.id)
        expect_all_done_once(client, client.create_request(*THEME_AND_BASE).id)


def test_worker_renders_with_a_checkpoint_added_after_its_start(fleet: Service) -> None:
    fleet.start_workers()
    with fleet.client() as client:
        expect_all_done_once(client, client.create_request(*THEME_AND_BASE).id)
        added = fleet.home / "models" / "checkpoints" / "fresh-ink"
        pocket_ink = bundled_path("assets") / "models" / "checkpoints" / "pocket-ink"
        shutil.copytree(pocket_ink, added, copy_function=os.link)
        preset = fleet.studio.stores.themes.get_version("first-light").preset
        recipes = preset.recipes
        for slot in SLOTS:
            recipe = recipes[slot].model_copy(update={"base_model": ModelRef(name="fresh-ink")})
            recipes = recipes.replace(slot, recipe)
        saved = fleet.studio.stores.themes.save(preset.model_copy(update={"recipes": recipes}))
        fleet.studio.stores.deployments.add(
            DeploymentSpec(slug="first-light", version=saved.version)
        )
        expect_all_done_once(client, client.create_request(*THEME_AND_BASE).id)


def test_workers_on_one_host_have_different_names(fleet: Service) -> None:
    fleet.start_workers(2)
    with fleet.client() as client:
        for _ in range(2):
            expect_all_done_once(client, client.create_request(*THEME_AND_BASE).id)
        app = fleet.studio.serving.requests.runner._app  # type: ignore[attr-defined]
        names = until(lambda: app.control.ping(timeout=2), lambda answers: len(answers) == 2)
        assert len({name for answer in names for name in answer}) == 2


def test_server_waits_for_the_previous_one_to_end(home: Path) -> None:
    service = Service(home, None)
    key = service.studio.stores.clients.create_or_rotate_key(ApiClient(name="second"))
    with serve(home) as (first, _), serve(home) as (second, port):
        client = StudioClient(f"http://127.0.0.1:{port}", key)
        first.send_signal(signal.SIGTERM)
        first.wait(LONG)
        until(lambda: answers(port))
        assert client.themes()
        third = subprocess.run(
            [sys.executable, "-m", "studio.cli", "api", "--port", "0"],
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
        assert third.returncode == 5
        assert "Another `studio api`" in third.stderr
        second.send_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    "ended_by", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL]
)
def test_only_a_killed_process_costs_an_attempt(home: Path, ended_by: signal.Signals) -> None:
    """Issue 18, 14 (security review, 4.5)."""
    service = Service(home, None)
    request_id = ""

    def running() -> bool:
        jobs = service.studio.stores.jobs.requests.get_status(request_id).jobs
        return any(job.state == "running" for job in jobs)

    for ends in range(1, MAX_ATTEMPTS + 1):
        with serve(home) as (server, port):
            until(partial(answers, port))
            if not request_id:
                request_id = (
                    StudioClient(f"http://127.0.0.1:{port}", service.key)
                    .create_request(*THEME_AND_BASE)
                    .id
                )
            until(running)
            server.send_signal(ended_by)
            server.wait(LONG)
        jobs = service.studio.stores.jobs.requests.get_status(request_id).jobs
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
        [sys.executable, "-m", "studio.cli", "api", "--port", str(port)], env=environment(home)
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
