"""Metrics for Prometheus with their scope, structured logs, the demo page."""

import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from structlog.contextvars import bound_contextvars

from studio.app import AppContainer
from studio.logging_config import configure_logging
from studio.messages import message
from studio.recipes.generation.drift import Drift
from studio.recipes.palette import NAME_IDS, PALETTE
from studio.recipes.serving.request_status import ApiClient
from studio.server.app import create_api
from studio.services.metrics import EngineCollector
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.server.test_api import BODY, V1, wait_until_ended


def read_metrics(studio: AppContainer) -> dict[str, list[tuple[dict[str, str], float]]]:
    key = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="prometheus", scopes=frozenset({"metrics"}))
    )
    with TestClient(create_api(studio)) as app:
        answer = app.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    samples: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return samples


# Issue 20, 7.
def test_device_tells_how_busy_it_is() -> None:
    status = replace(
        FakeRenderer().status(),
        busy_seconds=2.5,
        graph_captures=1,
        graph_hits=40,
        oom_steps={"vae_tiling": 2, "offload": 1},
    )
    registry = CollectorRegistry()
    registry.register(EngineCollector(lambda: status))
    value = registry.get_sample_value
    assert value("studio_device_busy_seconds_total") == 2.5
    assert value("studio_engine_graph_captures_total") == 1
    assert value("studio_engine_graph_hits_total") == 40
    assert value("studio_engine_oom_steps_total", {"step": "vae_tiling"}) == 2
    assert value("studio_engine_oom_steps_total", {"step": "offload"}) == 1


def test_ended_jobs_are_counted(app: TestClient, studio: AppContainer) -> None:
    status = wait_until_ended(app, app.post(f"{V1}/requests", json=BODY).json()["id"])
    assert status["ended"]
    metrics = read_metrics(studio)
    by_slot = {labels["slot"]: count for labels, count in metrics["studio_jobs_ended_total"]}
    assert by_slot == {"A": 1, "B": 1, "C": 1, "D": 1}
    assert {labels["theme"] for labels, _ in metrics["studio_jobs_ended_total"]} == {"first-light"}
    waits = {labels["model"]: count for labels, count in metrics["studio_job_wait_seconds_count"]}
    assert waits == {"pocket-ink": 2, "pocket-water": 2}
    rendered = {labels["model"]: n for labels, n in metrics["studio_job_render_seconds_count"]}
    assert all(rendered[model] >= 2 for model in waits)
    assert metrics["studio_jobs_running"] == [({}, 0)]
    assert metrics["studio_workers_busy"] == [({}, 0)]


def test_dashboard_and_guide_use_existing_metrics(app: TestClient, studio: AppContainer) -> None:
    wait_until_ended(app, app.post(f"{V1}/requests", json=BODY).json()["id"])
    drift = Drift(shift_x=1.0, shift_y=0.0, tint=2.0)
    studio.rendering.renders.metrics.variant_rendered(examples.variant(drift=drift))
    waits = examples.request(id="2" * 32, theme_version=1)
    studio.stores.jobs.requests.create(
        waits, "app", "live", datetime.now(UTC) + timedelta(minutes=5)
    )
    families = text_string_to_metric_families(
        studio.rendering.renders.metrics.render_prometheus().decode()
    )
    samples = [sample for family in families for sample in family.samples]
    metrics = {_family(sample.name) for sample in samples}
    labels = {label for sample in samples for label in sample.labels}
    for guide in ("grafana.json", "monitor.md"):
        text = (Path(__file__).parents[3] / "docs" / "how-to" / guide).read_text()
        named = {_family(name) for name in re.findall(r"studio_[a-z_]+", text)}
        assert len(named) > 5
        assert named <= metrics
        for inside in re.findall(r"studio_[a-z_]+{([^}]*)}", text):
            assert set(re.findall(r"[a-z]+(?==|,|$)", inside)) <= labels, inside


def _family(sample: str) -> str:
    return re.sub("_(bucket|count|sum)$", "", sample)


def test_queued_jobs_are_counted_by_model_and_tier(studio: AppContainer) -> None:
    request = examples.request(id="1" * 32, theme_version=1)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    studio.stores.jobs.requests.create(request, "app", "live", soon, admit=lambda _: 2)
    families = list(
        text_string_to_metric_families(
            studio.rendering.renders.metrics.render_prometheus().decode()
        )
    )
    waiting = next(family for family in families if family.name == "studio_jobs_waiting").samples
    assert sum(sample.value for sample in waiting) == 4
    assert {sample.labels["tier"] for sample in waiting} == {"2"}
    model = request.preset.recipes.A.base_model.name
    assert model in {sample.labels["model"] for sample in waiting}


def test_routes_need_their_scope(app: TestClient, studio: AppContainer) -> None:
    assert app.get("/metrics").status_code == 403
    watching = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="prometheus", scopes=frozenset({"metrics"}))
    )
    refused = app.get(f"{V1}/themes", headers={"Authorization": f"Bearer {watching}"})
    assert refused.status_code == 403
    assert "--scope generate" in refused.json()["detail"]


def test_daily_quota_is_enforced(app: TestClient, studio: AppContainer) -> None:
    key = studio.stores.clients.create_or_rotate_key(ApiClient(name="small", requests_per_day=1))
    headers = {"Authorization": f"Bearer {key}"}
    first = app.post(f"{V1}/requests", json=BODY, headers=headers)
    assert first.status_code == 202
    second = app.post(f"{V1}/requests", json=BODY, headers=headers)
    assert second.status_code == 429
    assert "Daily quota exceeded: 1 requests" in second.json()["detail"]
    assert 0 < int(second.headers["Retry-After"]) <= 24 * 3600 + 1


def test_json_log_lines_have_the_request_id(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(as_json=True)
        with bound_contextvars(request="abc"):
            logging.getLogger("studio.somewhere").warning("no %s", "luck")
    finally:
        root.handlers = handlers
        root.setLevel(level)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["request"], line["level"]) == ("no luck", "abc", "warning")
    assert line["logger"] == "studio.somewhere"


def test_demo_page_has_security_headers_and_needs_no_key(app: TestClient) -> None:
    page = app.get("/play/first-light", headers={"Authorization": ""})
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert app.get("/play/web/pages/play.js").status_code == 200
    # Issue 18, 17: one source of colours, the canvas's.
    canvas = app.get("/play/own/canvas.json").json()
    assert [(each["name"], each["hex"]) for each in canvas["palette"]] == [
        (str(message(NAME_IDS[name])), color) for name, color in PALETTE
    ]
    chinese = app.get("/play/own/canvas.json", headers={"Accept-Language": "zh-CN"}).json()
    assert chinese["texts"]["studio.canvas_undo"] == "撤销"
    assert chinese["texts"].keys() == canvas["texts"].keys()
    assert app.get("/play/..%2Fsecret").status_code in (404, 422)
