"""Liveness and readiness, for service managers and load balancers."""

import sys
from contextlib import suppress
from queue import Queue

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.errors import (
    DeviceLostError,
    StorageUnavailableError,
    StoreInUseError,
    StudioError,
    WorkerHungError,
)
from studio.server.app import create_api
from tests.waiting import LONG, until

V1 = "/api/v1"


@pytest.mark.parametrize(
    "error", [WorkerHungError("hangs"), DeviceLostError("gone"), StoreInUseError("two")]
)
def test_fatal_error_in_maintenance_ends_the_process(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch, error: StudioError
) -> None:
    """Issue 18, 1 and 2."""
    errors: Queue[StudioError] = Queue()
    monkeypatch.setattr("studio.server.app.MAINTENANCE_INTERVAL_SECONDS", 0.02)

    def fail(is_even: bool = True) -> None:
        raise error

    monkeypatch.setattr(studio.serving.requests.runner, "run_maintenance", fail)
    with TestClient(create_api(studio, give_up=errors.put)):
        assert errors.get(timeout=LONG) is error


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_health_fails_once_a_worker_thread_is_dead(
    app: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 18, 1: so that a service manager or a load balancer notices."""
    assert app.get(f"{V1}/health").status_code == 200
    queue = studio.rendering.renders._queue
    monkeypatch.setattr(queue, "_next_task", sys.exit)
    queue.submit(lambda: None)
    until(lambda: not queue.is_alive)
    for url in (f"{V1}/health", f"{V1}/ready"):
        answer = app.get(url)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"


def test_ready_fails_while_images_cannot_be_stored(app: TestClient, studio: AppContainer) -> None:
    """Issue 18, 1."""
    retry = studio.rendering.renders._retry

    def fail() -> None:
        retry.close()  # Else the call would wait for the store.
        raise StorageUnavailableError("the disk is full")

    with suppress(StorageUnavailableError):
        retry("write", fail)
    assert app.get(f"{V1}/ready").status_code == 503
    assert app.get(f"{V1}/health").status_code == 200
    retry("write", lambda: None)
    assert app.get(f"{V1}/ready").status_code == 200
