"""The page Safety's addresses: what they refuse, and that nobody else's page can use them."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.errors import ContentBlockedError
from studio.ui.server import build_app
from tests import examples

OWN = {"X-Studio": "safety"}


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_a_policy_that_was_changed_meanwhile_is_not_overwritten(client: TestClient) -> None:
    policy = client.get("/safety/policy/first-light").json()
    assert policy["number"] == 1
    changed = policy["policy"] | {"threshold": 0.5}
    saved = client.post("/safety/policy/first-light?number=1", json=changed, headers=OWN)
    assert saved.json() == {"number": 2}
    late = client.post("/safety/policy/first-light?number=1", json=policy["policy"], headers=OWN)
    assert late.status_code == 409
    assert client.get("/safety/policy/first-light").json()["policy"]["threshold"] == 0.5


def test_a_image_is_scored_and_a_broken_one_refused(client: TestClient) -> None:
    told = client.post("/safety/picture", content=examples.png(), headers=OWN).json()
    assert 0 <= told["scores"]["nsfw"] <= 1
    assert told["error"] is None
    assert client.post("/safety/picture", content=b"<svg/>", headers=OWN).status_code == 400


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("POST", "/safety/words", {"text": "x"}),
        ("POST", "/safety/picture", {}),
        ("PUT", "/safety/list", {"text": "[block]\nx"}),
        ("POST", "/safety/policy/first-light?number=1", {}),
        ("POST", "/safety/record/1/review", {"wrong": True, "note": "x"}),
    ],
)
def test_another_sites_page_changes_nothing(
    client: TestClient, method: str, address: str, body: dict[str, Any]
) -> None:
    assert client.request(method, address, json=body).status_code == 422
    assert client.get("/safety/list").json() == {"text": ""}


def test_the_record_is_taken_away_whole(client: TestClient, studio: AppContainer) -> None:
    preset = studio.themes.get_version("first-light").preset
    for name in ("one", "two"):
        with pytest.raises(ContentBlockedError):
            studio.request_factory.create(preset, "mia", None, "a naked man", client=name)
    lines = client.get("/safety/record.jsonl").text.splitlines()
    assert [json.loads(line)["judged"]["client"] for line in lines] == ["two", "one"]
    assert len(client.get("/safety/record.jsonl?client=one").text.splitlines()) == 1


def test_a_decision_that_withheld_nothing_of_a_clients_releases_nothing(
    client: TestClient, studio: AppContainer
) -> None:
    with pytest.raises(ContentBlockedError):
        studio.request_factory.create(studio.themes.get_version("first-light").preset, "mia", None, "a naked man")  # fmt: skip
    wish = {"wrong": True, "note": "a statue", "release": True}
    refused = client.post("/safety/record/1/review", json=wish, headers=OWN)
    assert (refused.status_code, "review it alone" in refused.json()["error"]) == (400, True)
    assert client.get("/safety/record").json()["rows"][0]["review"] is None


def test_a_decision_that_is_not_on_record_cannot_be_reviewed(client: TestClient) -> None:
    wish = {"wrong": True, "note": "x"}
    assert client.post("/safety/record/9/review", json=wish, headers=OWN).status_code == 404
    assert client.get("/safety/record?stage=sound").status_code == 422
