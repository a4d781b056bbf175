"""Issue 18, 11: blocking routes run in worker threads, so that the event loop stays responsive."""

import inspect
import threading
from collections.abc import Sequence

import httpx2
import pytest
from fastapi.routing import APIRoute

from studio.app import AppContainer
from studio.recipes.serving.request_status import ApiClient
from studio.server.api_routers import OPERATOR_ROUTERS
from studio.server.app import create_api
from studio.server.pages import router as page_router
from studio.services.themes.theme_transfer import ThemeImportExport
from tests.servers.api import serving
from tests.unit.server.test_texts import all_routes
from tests.waiting import LONG

ASYNC_ROUTES = {"health", "stream_events"}
"""These are of the event loop, and only ever wait for threads or time."""


def async_routes(routes: Sequence[object]) -> set[str]:
    endpoints = [each.endpoint for each in routes if isinstance(each, APIRoute)]
    return {each.__name__ for each in endpoints if inspect.iscoroutinefunction(each)}


def test_blocking_routes_run_in_threads(studio: AppContainer) -> None:
    assert async_routes(all_routes(create_api(studio))) == ASYNC_ROUTES
    for router in (*OPERATOR_ROUTERS, page_router):
        assert async_routes(router.routes) <= ASYNC_ROUTES


def test_other_requests_are_answered_during_an_import(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()

    def blocked(*_: object) -> None:
        started.set()
        go_on.wait()
        raise ValueError

    monkeypatch.setattr(ThemeImportExport, "import_theme", blocked)
    key = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="ci", scopes=frozenset({"admin"}))
    )
    headers = {"Authorization": f"Bearer {key}"}
    with serving(studio) as url, httpx2.Client(base_url=url, timeout=LONG) as client:
        post = threading.Thread(target=client.post, args=("/api/v1/admin/themes",), kwargs={"content": b"{}", "headers": headers})  # fmt: skip
        post.start()
        assert started.wait(LONG)
        assert client.get("/api/v1/health").json() == {"status": "alive"}
        assert post.is_alive()
        go_on.set()
        post.join()
