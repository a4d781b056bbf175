"""Routes of the page Moderation: policy conflicts, CSRF protection, audit log."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.errors import ContentBlockedError
from studio.ui.server import build_app
from tests import examples

CSRF_HEADERS = {"X-Studio": "safety"}


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_saving_an_outdated_policy_is_a_conflict(client: TestClient) -> None:
    policy = client.get("/safety/policy/first-light").json()
    assert policy["number"] == 1
    changed = policy["policy"] | {"nsfw_threshold": 0.5}
    saved = client.post("/safety/policy/first-light?number=1", json=changed, headers=CSRF_HEADERS)
    assert saved.json() == {"number": 2}
    late = client.post(
        "/safety/policy/first-light?number=1", json=policy["policy"], headers=CSRF_HEADERS
    )
    assert late.status_code == 409
    assert client.get("/safety/policy/first-light").json()["policy"]["nsfw_threshold"] == 0.5


def test_image_is_classified_and_a_broken_one_refused(client: TestClient) -> None:
    response = client.post("/safety/picture", content=examples.png(), headers=CSRF_HEADERS).json()
    assert 0 <= response["scores"]["nsfw"] <= 1
    assert response["error"] is None
    assert (
        client.post("/safety/picture", content=b"<svg/>", headers=CSRF_HEADERS).status_code == 400
    )


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "/safety/words", {"text": "x"}),
        ("POST", "/safety/picture", {}),
        ("PUT", "/safety/list", {"text": "[block]\nx"}),
        ("POST", "/safety/policy/first-light?number=1", {}),
        ("POST", "/safety/record/1/review", {"is_false_positive": True, "note": "x"}),
    ],
)
def test_changes_need_the_csrf_header(
    client: TestClient, method: str, url: str, body: dict[str, Any]
) -> None:
    assert client.request(method, url, json=body).status_code == 422
    assert client.get("/safety/list").json() == {"text": ""}


def test_audit_log_is_exported(client: TestClient, studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    for name in ("one", "two"):
        with pytest.raises(ContentBlockedError):
            studio.rendering.request_factory.create(preset, "mia", None, "a naked man", client=name)
    lines = client.get("/safety/record.jsonl").text.splitlines()
    assert [json.loads(line)["decision"]["client"] for line in lines] == ["two", "one"]
    assert len(client.get("/safety/record.jsonl?client=one").text.splitlines()) == 1


def test_review_without_a_withheld_variant_releases_nothing(
    client: TestClient, studio: AppContainer
) -> None:
    with pytest.raises(ContentBlockedError):
        studio.rendering.request_factory.create(studio.stores.themes.get_version("first-light").preset, "mia", None, "a naked man")  # fmt: skip
    wish = {"is_false_positive": True, "note": "a statue", "release": True}
    refused = client.post("/safety/record/1/review", json=wish, headers=CSRF_HEADERS)
    assert (refused.status_code, "without releasing" in refused.json()["error"]) == (400, True)
    assert client.get("/safety/record").json()["rows"][0]["review"] is None


def test_missing_decision_cannot_be_reviewed(client: TestClient) -> None:
    wish = {"is_false_positive": True, "note": "x"}
    assert (
        client.post("/safety/record/9/review", json=wish, headers=CSRF_HEADERS).status_code == 404
    )
    assert client.get("/safety/record?stage=sound").status_code == 422
