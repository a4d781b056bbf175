"""Issue 18, 11: what blocks works in a thread; meanwhile everybody else is answered."""

import inspect
import threading
from collections.abc import Sequence

import httpx2
import pytest
from fastapi.routing import APIRoute

from studio.app import AppContainer
from studio.recipes.serving.request_status import ApiClient
from studio.server.app import create_api
from studio.server.pages.routers import PAGE_ROUTERS
from studio.services.themes.theme_transfer import ThemeImportExport
from tests.servers.api import serving
from tests.unit.server.test_texts import all_routes
from tests.waiting import LONG

WAITING = {"health", "stream_events"}
"""These are of the event loop, and only ever wait for threads or time."""


def on_the_loop(routes: Sequence[object]) -> set[str]:
    found = [each.endpoint for each in routes if isinstance(each, APIRoute)]
    return {each.__name__ for each in found if inspect.iscoroutinefunction(each)}


def test_routes_that_block_are_not_of_the_event_loop(studio: AppContainer) -> None:
    assert on_the_loop(all_routes(create_api(studio))) == WAITING
    for router in PAGE_ROUTERS:
        assert on_the_loop(router.routes) == set()


def test_while_a_preset_is_taken_in_others_are_answered(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def blocked(*_: object) -> None:
        begun.set()
        go_on.wait()
        raise ValueError

    monkeypatch.setattr(ThemeImportExport, "import_theme", blocked)
    key = studio.clients.create_or_rotate_key(ApiClient(name="ci", scopes=frozenset({"admin"})))
    headers = {"Authorization": f"Bearer {key}"}
    with serving(studio) as address, httpx2.Client(base_url=address, timeout=LONG) as client:
        post = threading.Thread(target=client.post, args=("/api/v1/admin/themes",), kwargs={"content": b"{}", "headers": headers})  # fmt: skip
        post.start()
        assert begun.wait(LONG)
        assert client.get("/api/v1/health").json() == {"status": "alive"}
        assert post.is_alive()
        go_on.set()
        post.join()
