"""What service managers and load balancers ask: whether the process works, and can take requests."""

from contextlib import suppress
from queue import Queue

import pytest
from fastapi.testclient import TestClient

from studio.api.app import build_api
from studio.bootstrap import Studio
from studio.errors import DeviceLost, LaneHung, StoreInUse, StoreUnavailable, StudioError
from tests.waiting import LONG

V1 = "/api/v1"


@pytest.mark.parametrize("error", [LaneHung("hangs"), DeviceLost("gone"), StoreInUse("two")])
def test_a_process_that_can_render_no_more_asks_to_be_started_anew(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, error: StudioError
) -> None:
    """Issue 18, 1 and 2."""
    asked: Queue[StudioError] = Queue()
    monkeypatch.setattr("studio.api.app.REAPED", 0.02)

    def fail(is_even: bool = True) -> None:
        raise error

    monkeypatch.setattr(studio.serving.runner, "tend", fail)
    with TestClient(build_api(studio, give_up=asked.put)):
        assert asked.get(timeout=LONG) is error


def test_health_fails_once_a_rendering_thread_is_dead(app: TestClient, studio: Studio) -> None:
    """Issue 18, 1: so that a service manager or a load balancer notices."""
    assert app.get(f"{V1}/health").status_code == 200
    studio.rendering.close()
    for address in (f"{V1}/health", f"{V1}/ready"):
        answer = app.get(address)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"


def test_ready_fails_while_pictures_cannot_be_stored(app: TestClient, studio: Studio) -> None:
    """Issue 18, 1."""
    retry = studio.rendering._retry

    def fail() -> None:
        retry.close()  # Else the call would wait for the store.
        raise StoreUnavailable("the disk is full")

    with suppress(StoreUnavailable):
        retry("write", fail)
    assert app.get(f"{V1}/ready").status_code == 503
    assert app.get(f"{V1}/health").status_code == 200
    retry("write", lambda: None)
    assert app.get(f"{V1}/ready").status_code == 200
