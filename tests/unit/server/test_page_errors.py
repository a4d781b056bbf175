"""Issue 18, 8 and 14: error responses contain nothing internal, and no call ends in a traceback."""

import logging
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import create_app_container
from studio.errors import STORAGE_AWAY, StorageUnavailableError
from studio.server.bodies import BodyLimits
from studio.services.background_tasks import About
from studio.services.requests.request_factory import RequestFactory
from studio.settings import Settings
from studio.store.themes import ThemeStore
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer
from tests.unit.server.paging import Browser
from tests.waiting import until

CSRF_HEADERS = {"X-Studio": "page"}
HUGE = 10**23


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """One for all of this file: building the page takes a second."""
    home = tmp_path_factory.mktemp("failures") / "home"
    opened = create_app_container(Settings(data_dir=home), FakeRenderer)
    return TestClient(build_app(opened), base_url="http://127.0.0.1:7860")


@pytest.mark.parametrize("url", ["/openapi.json", "/docs", "/redoc", "/gradio_api/openapi.json"])
def test_openapi_documents_are_not_served(client: TestClient, url: str) -> None:
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"/api/v1/blind-tests/{HUGE}", None),
        ("GET", f"/api/v1/blind-tests/{HUGE}/matchup", None),
        ("GET", f"/api/v1/variants?before={HUGE}", None),
        ("GET", "/api/v1/variants?created_before=9999-12-31", None),
        ("GET", "/api/v1/variants?created_before=9999-12-31T23:59:59-12:00", None),
        ("GET", "/api/v1/variants?created_after=0001-01-01T00:00:01%2B14:00", None),
        ("GET", "/api/v1/variants?created_after=2026-03-01T10:00:00", None),
        ("GET", "/api/v1/variants/export.zip?created_before=9999-12-31", None),
        ("POST", "/api/v1/variants/delete", {"ids": [HUGE]}),
        (
            "POST",
            "/api/v1/blind-tests",
            {"title": "x", "candidates": [{"slug": "picnic", "version": HUGE}] * 2},
        ),
        ("POST", "/api/v1/moderation/check-text", '{"text": "\\ud800"}'),
        ("PUT", "/api/v1/moderation/word-list", '{"text": "[block]\\n\\ud800"}'),
        ("POST", "/api/v1/moderation/check-text", '{"text": 1, "\\ud800": "\\ud800"}'),
        ("GET", f"/api/v1/moderation/decisions?before={HUGE}", None),
    ],
)
def test_invalid_input_is_a_client_error(
    client: TestClient, method: str, url: str, body: Any
) -> None:
    kwargs = {"content": body} if isinstance(body, str) else {"json": body}
    sent = CSRF_HEADERS | {"Content-Type": "application/json"}
    answer = client.request(method, url, headers=sent, **(kwargs if body else {}))
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_unexpected_error_is_answered_without_details(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of /home/ada/secret\nand more")

    monkeypatch.setattr(ThemeStore, "list_summaries", broken)
    answer = client.get("/api/v1/admin/themes")
    assert answer.status_code == 500
    log_text = "Unexpected error in the studio. See the log for details."
    problem = answer.json()
    assert (problem["detail"], problem["code"]) == (log_text, "studio.unexpected_error")
    [record] = [each for each in caplog.records if each.levelno >= logging.ERROR]
    line = record.getMessage()
    assert line.startswith("GET /api/v1/admin/themes: RuntimeError: of /home/ada/secret (")
    assert "\n" not in line


# Issue 19, 1.
def test_errors_are_in_the_readers_language_with_ids(client: TestClient) -> None:
    for headers, expected_text in (
        ({"Accept-Language": "zh"}, "找不到调优任务：“picnic”。"),
        ({"Accept-Language": "zh", "Cookie": "studio_language=en"}, "Study not found: “picnic”."),
    ):
        answer = client.get("/api/v1/tuning/trials?study=picnic", headers=headers)
        assert answer.status_code == 404
        problem = answer.json()
        assert (problem["detail"], problem["code"]) == (expected_text, "tuning.study_not_found")
        assert problem["params"] == {"name": "picnic"}


# Issue 19, 1.
def test_too_large_body_is_refused_in_the_readers_language(home: Path) -> None:
    app = build_app(
        create_app_container(Settings(data_dir=home), FakeRenderer), BodyLimits(size=100)
    )
    with TestClient(app, base_url="http://127.0.0.1:7860") as limited:
        headers = {"X-Studio": "page", "Accept-Language": "zh-CN"}
        answer = limited.post(
            "/api/v1/moderation/classify-image", content=b"a" * 101, headers=headers
        )
    assert (answer.status_code, answer.json()["code"]) == (413, "request.body_too_large")
    assert answer.json()["detail"] == "请求内容过大（最大 100 字节）。"


def test_database_url_is_logged_but_not_sent(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise StorageUnavailableError("Cannot use the database postgresql://studio@10.0.0.7/s")

    monkeypatch.setattr(ThemeStore, "list_summaries", away)
    answer = client.get("/api/v1/admin/themes")
    assert answer.status_code == 503
    assert "postgresql" not in answer.text
    assert "postgresql://studio@10.0.0.7/s" in caplog.text


# Issue 18, 8: as JSON has it, so has the Gradio page.
def test_notices_of_the_studio_page_have_no_database_url(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql://studio@10.0.0.7/s"

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailableError(f"cannot use the database {url}")

    page = Browser(client.app)
    page.happens("load")
    monkeypatch.setattr(ThemeStore, "save", away)
    monkeypatch.setattr(RequestFactory, "create", away)
    for event, element, expected_text in (
        ("click", "save", "notice"), ("submit", "inspector", "notice"), ("click", "open-grid", "notice"),
    ):  # fmt: skip
        caplog.clear()
        page.happens(event, element)
        assert str(STORAGE_AWAY) in page.shows(expected_text)
        assert "10.0.0.7" not in page.shows(expected_text)
        assert url in caplog.text


def test_background_tasks_and_moderation_report_no_paths(
    home: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = create_app_container(Settings(data_dir=home), FakeRenderer)

    def away(*_: object) -> None:
        raise StorageUnavailableError(f"cannot write {home}/sweeps")

    opened.background_tasks.start("x", About("grid", "x", "/"), away)
    ended = until(
        lambda: opened.background_tasks.progress("x"), lambda it: it and it.state != "running"
    )
    assert ended
    assert (ended.state, ended.message) == ("failed", STORAGE_AWAY)
    monkeypatch.setattr(type(opened.moderation.lists), "load_filter", away)
    preset = opened.stores.themes.get_version("picnic").preset
    assert opened.moderation.health_problem(preset) == STORAGE_AWAY
    assert caplog.text.count(str(home)) >= 2


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/gradio_api/call/x", {"data": []}),
        ("/gradio_api/call/v2/x", {"data": []}),
        ("/gradio_api/run/x", {"data": []}),
        ("/gradio_api/run/predict", {"data": [], "fn_index": 9999}),
        ("/gradio_api/queue/join", {"data": [], "fn_index": 9999, "session_hash": "x"}),
    ],
)
def test_unknown_gradio_functions_log_one_line(
    client: TestClient, url: str, body: Any, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    answer = client.post(url, json=body)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in caplog.text + capfd.readouterr().err
    assert len(caplog.text) < 600


def test_gradio_handlers_answer_4xx_to_invalid_values(
    client: TestClient, caplog: pytest.LogCaptureFixture, capfd: Any, tmp_path: Path
) -> None:
    """A few kinds of wrong values into every handler that answers without the queue."""
    functions = client.get("/config").json()["dependencies"]
    file = {"path": str(tmp_path), "meta": {"_type": "gradio.FileData"}}
    invalid_values: list[Any] = [None, "x" * 50, HUGE, {"a": [1]}, file]
    statuses = set()
    for number, function in enumerate(functions):
        if not function["backend_fn"] or function["queue"]:
            continue
        for data in [[], *([value] * len(function["inputs"]) for value in invalid_values)]:
            body = {"data": data, "fn_index": number, "session_hash": "wrong"}
            answer = client.post("/gradio_api/run/predict", json=body)
            statuses.add(answer.status_code)
            assert len(answer.content) < 2000 or answer.status_code == 200
    assert statuses <= {200, 400, 404, 422}
    log_text = caplog.text + capfd.readouterr().err
    assert "Traceback" not in log_text
    assert "<gradio" not in log_text
    assert all(len(record.getMessage()) < 600 for record in caplog.records)
