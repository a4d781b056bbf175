"""Moderation by session: policy conflicts, images, audit log."""

import json

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.errors import ContentBlockedError
from studio.ui.server import build_app
from tests import examples

CSRF_HEADERS = {"X-Studio": "page"}
MODERATION = "/api/v1/moderation"


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_saving_an_outdated_policy_is_a_conflict(client: TestClient) -> None:
    url = "/api/v1/admin/themes/first-light/moderation-policy"
    policy = client.get(url).json()
    assert policy["version"] == 1
    changed = policy["policy"] | {"nsfw_threshold": 0.5}
    expected = {"expected_version": 1}
    saved = client.put(url, json=changed, params=expected, headers=CSRF_HEADERS)
    assert saved.json() == {"version": 2, "policy": changed}
    late = client.put(url, json=policy["policy"], params=expected, headers=CSRF_HEADERS)
    assert late.status_code == 409
    assert client.get(url).json()["policy"]["nsfw_threshold"] == 0.5


def test_image_is_classified_and_a_broken_one_refused(client: TestClient) -> None:
    url = f"{MODERATION}/classify-image"
    response = client.post(url, content=examples.png(), headers=CSRF_HEADERS).json()
    assert 0 <= response["scores"]["nsfw"] <= 1
    assert response["error"] is None
    assert client.post(url, content=b"<svg/>", headers=CSRF_HEADERS).status_code == 422


def test_audit_log_is_exported(client: TestClient, studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    for name in ("one", "two"):
        with pytest.raises(ContentBlockedError):
            studio.rendering.request_factory.create(preset, "mia", None, "a naked man", client=name)
    lines = client.get(f"{MODERATION}/decisions.jsonl").text.splitlines()
    assert [json.loads(line)["decision"]["client"] for line in lines] == ["two", "one"]
    assert len(client.get(f"{MODERATION}/decisions.jsonl?client=one").text.splitlines()) == 1


def test_review_without_a_withheld_variant_releases_nothing(
    client: TestClient, studio: AppContainer
) -> None:
    with pytest.raises(ContentBlockedError):
        studio.rendering.request_factory.create(studio.stores.themes.get_version("first-light").preset, "mia", None, "a naked man")  # fmt: skip
    wish = {"is_false_positive": True, "note": "a statue", "release": True}
    refused = client.post(f"{MODERATION}/decisions/1/review", json=wish, headers=CSRF_HEADERS)
    assert (refused.status_code, "without releasing" in refused.json()["detail"]) == (422, True)
    assert client.get(f"{MODERATION}/decisions").json()["decisions"][0]["review"] is None


def test_missing_decision_cannot_be_reviewed(client: TestClient) -> None:
    wish = {"is_false_positive": True, "note": "x"}
    url = f"{MODERATION}/decisions"
    assert client.post(f"{url}/9/review", json=wish, headers=CSRF_HEADERS).status_code == 404
    assert client.get(f"{url}?stage=sound").status_code == 422
