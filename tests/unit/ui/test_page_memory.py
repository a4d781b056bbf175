"""Issue 18, 12 (4.11): a page that is opened costs no memory for good."""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.ui.blocks import CLOSED_SESSION_TTL, SlimStateHolder
from studio.ui.canvas_panel import CanvasPanel
from studio.ui.server import build_app
from studio.ui.sketch_canvas import canvas_background
from studio.ui.texts import Texts

Open = Callable[[str], None]


@pytest.fixture
def app(studio: AppContainer) -> Any:
    return build_app(studio)


@pytest.fixture
def client(app: Any) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1:7860")


@pytest.fixture
def states(app: Any) -> SlimStateHolder:
    found = app.routes[-1].app.build("en").app.state_holder
    assert isinstance(found, SlimStateHolder)
    return found


@pytest.fixture
def open_page(client: TestClient) -> Open:
    """Does what a browser does with the server when it opens the page under a session's name."""
    functions = client.get("/config").json()["dependencies"]
    loading = [
        (number, each)
        for number, each in enumerate(functions)
        if any(event == "load" for _, event in each["targets"]) and each["backend_fn"]
    ]
    assert loading

    def opened(session: str) -> None:
        for number, each in loading:
            body = {
                "data": [None] * len(each["inputs"]),
                "fn_index": number,
                "session_hash": session,
            }
            assert client.post("/gradio_api/run/predict", json=body).status_code == 200

    return opened


def test_a_page_leaves_little_in_memory(open_page: Open, states: SlimStateHolder) -> None:
    open_page("first")  # What is loaded once, whoever asks.
    gc.collect()
    tracemalloc.start()
    for number in range(10):
        open_page(f"page {number}")
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(states.session_data) == 11
    assert held / 10 < 300_000


def test_a_closed_page_is_forgotten_an_hour_after_its_last_use(
    open_page: Open, states: SlimStateHolder
) -> None:
    for session in ("open", "closed", "closed long ago"):
        open_page(session)
    for session in ("closed", "closed long ago"):
        states.session_data[session].is_closed = True
    long_ago = datetime.now() - CLOSED_SESSION_TTL - timedelta(seconds=1)
    for session in ("open", "closed long ago"):
        states.time_last_used[session] = long_ago
    states.delete_all_expired_state()
    assert set(states.session_data) == {"open", "closed"}
    assert set(states.time_last_used) == {"open", "closed"}


def test_the_page_has_thumbnails_and_addresses_of_images(
    client: TestClient, studio: AppContainer
) -> None:
    config = client.get("/config").text
    assert "data:image/png;base64,iVBOR" not in config
    panel = CanvasPanel(studio, Texts())
    shown = panel.base_image_options()
    assert shown
    for each in shown:
        assert each["src"].startswith("data:image/webp;base64,")
        assert len(each["src"]) < 6_000
    address = canvas_background(panel.default_base_image())["src"]
    image = client.get(address)
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert "max-age" in image.headers["cache-control"]
    assert client.get("/api/v1/sample-doodles/dotted-skirt.png").status_code == 200
    assert client.get("/api/v1/sample-doodles/nothing.png").status_code == 404
    stale = client.get(
        f"/api/v1/base-images/{studio.stores.base_images.list_all()[0].id}.png?sha256={'0' * 64}"
    )
    assert "cache-control" not in stale.headers
