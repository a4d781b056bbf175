"""What machines that watch are told: Prometheus' figures, to those whose key is for that."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.contextvars import bound_contextvars

from studio.app import AppContainer
from studio.logging_config import configure_logging
from studio.recipes.palette import PALETTE
from studio.recipes.serving.request_status import ApiClient
from studio.server.app import create_api
from tests import examples
from tests.unit.server.test_api import V1, WISH, ended


def figures(studio: AppContainer) -> dict[str, list[tuple[dict[str, str], float]]]:
    key = studio.clients.create_or_rotate_key(
        ApiClient(name="prometheus", scopes=frozenset({"metrics"}))
    )
    with TestClient(create_api(studio)) as app:
        answer = app.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_what_was_drawn_is_counted(app: TestClient, studio: AppContainer) -> None:
    shown = ended(app, app.post(f"{V1}/requests", json=WISH).json()["id"])
    assert shown["ended"]
    told = figures(studio)
    by_slot = {labels["slot"]: count for labels, count in told["studio_jobs_ended_total"]}
    assert by_slot == {"A": 1, "B": 1, "C": 1, "D": 1}
    assert {labels["theme"] for labels, _ in told["studio_jobs_ended_total"]} == {"first-light"}
    waits = {labels["model"]: count for labels, count in told["studio_job_wait_seconds_count"]}
    assert waits == {"pocket-ink": 2, "pocket-water": 2}
    drawn = {labels["model"]: n for labels, n in told["studio_job_render_seconds_count"]}
    assert all(drawn[model] >= 2 for model in waits)
    assert told["studio_jobs_running"] == [({}, 0)]
    assert told["studio_lanes_busy"] == [({}, 0)]


def test_the_board_and_the_advice_ask_for_figures_that_are_told(
    app: TestClient, studio: AppContainer
) -> None:
    ended(app, app.post(f"{V1}/requests", json=WISH).json()["id"])
    waits = examples.request(id="2" * 32, theme_version=1)
    studio.requests.jobs.requests.create(
        waits, "app", "live", datetime.now(UTC) + timedelta(minutes=5)
    )
    families = text_string_to_metric_families(studio.renders.metrics.render_prometheus().decode())
    told = {_family(sample.name) for family in families for sample in family.samples}
    for guide in ("grafana.json", "monitor.md"):
        text = (Path(__file__).parents[3] / "docs" / "how-to" / guide).read_text()
        asked = {_family(name) for name in re.findall(r"studio_[a-z_]+", text)}
        assert len(asked) > 5
        assert asked <= told


def _family(sample: str) -> str:
    return re.sub("_(bucket|count|sum)$", "", sample)


def test_what_waits_is_told_by_model_and_turn(studio: AppContainer) -> None:
    request = examples.request(id="1" * 32, theme_version=1)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    studio.requests.jobs.requests.create(request, "app", "live", soon, admit=lambda _: 2)
    families = list(
        text_string_to_metric_families(studio.renders.metrics.render_prometheus().decode())
    )
    waiting = next(family for family in families if family.name == "studio_jobs_waiting").samples
    assert sum(sample.value for sample in waiting) == 4
    assert {sample.labels["turn"] for sample in waiting} == {"2"}
    model = request.preset.recipes.A.base_model.name
    assert model in {sample.labels["model"] for sample in waiting}


def test_each_key_opens_what_it_is_for(app: TestClient, studio: AppContainer) -> None:
    assert app.get("/metrics").status_code == 403
    watching = studio.clients.create_or_rotate_key(
        ApiClient(name="prometheus", scopes=frozenset({"metrics"}))
    )
    refused = app.get(f"{V1}/themes", headers={"Authorization": f"Bearer {watching}"})
    assert refused.status_code == 403
    assert "--scope generate" in refused.json()["detail"]


def test_a_client_has_so_many_requests_a_day(app: TestClient, studio: AppContainer) -> None:
    key = studio.clients.create_or_rotate_key(ApiClient(name="small", requests_per_day=1))
    headers = {"Authorization": f"Bearer {key}"}
    first = app.post(f"{V1}/requests", json=WISH, headers=headers)
    assert first.status_code == 202
    second = app.post(f"{V1}/requests", json=WISH, headers=headers)
    assert second.status_code == 429
    assert "1 requests a day are yours" in second.json()["detail"]
    assert 0 < int(second.headers["Retry-After"]) <= 24 * 3600 + 1


def test_log_lines_say_which_request_they_are_about(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(as_json=True)
        with bound_contextvars(request="abc"):
            logging.getLogger("studio.somewhere").warning("no %s", "luck")
    finally:
        root.handlers = handlers
        root.setLevel(level)
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["request"], said["level"]) == ("no luck", "abc", "warning")
    assert said["logger"] == "studio.somewhere"


def test_the_play_page_is_fenced_and_needs_no_key_to_be_shown(app: TestClient) -> None:
    page = app.get("/play/first-light", headers={"Authorization": ""})
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert app.get("/play/web/pages/play.js").status_code == 200
    # Issue 18, 17: one source of colours, the canvas's.
    offered = app.get("/play/own/palette.json").json()
    assert [(each["name"], each["hex"]) for each in offered] == list(PALETTE)
    assert app.get("/play/..%2Fsecret").status_code in (404, 422)
