"""People and API keys by session: the same use cases as `studio users` and `studio api-keys`."""

import logging
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.settings import Settings
from studio.ui.server import build_app

USERS = "/api/v1/users"
API_KEYS = "/api/v1/api-keys"
CSRF_HEADERS = {"X-Studio": "page"}
PASSWORD = "correct horse battery"


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    """Signed in as Ada."""
    studio.stores.users.set_password("Ada", PASSWORD)
    client = TestClient(build_app(studio), "http://127.0.0.1:7860", headers=CSRF_HEADERS)
    client.post("/sign-in", data={"name": "Ada", "password": PASSWORD})
    return client


def test_people_are_added_renamed_and_removed(client: TestClient, studio: AppContainer) -> None:
    body = {"name": "Bob / 小波", "password": "another long password"}
    assert client.post(USERS, json=body).status_code == 201
    assert client.post(USERS, json=body).status_code == 422
    listed = client.get(USERS).json()
    assert [(each["name"], each["is_you"]) for each in listed["users"]] == [
        ("Ada", True),
        ("Bob / 小波", False),
    ]
    assert listed["users"][0]["signed_in_at"] > listed["users"][0]["created_at"]
    assert (listed["users"][1]["signed_in_at"], listed["without_users"]) == (None, "open")
    renaming = {"name": "Bob / 小波", "new_name": "Bob"}
    assert client.post(f"{USERS}/rename", json=renaming).status_code == 204
    reset = {"name": "Bob", "password": "a third long password"}
    assert client.post(f"{USERS}/password", json=reset).status_code == 204
    assert studio.stores.users.verify_password("Bob", "a third long password")
    assert client.post(f"{USERS}/remove", json={"name": "Bob"}).status_code == 204
    for path in ("rename", "password", "remove"):
        body = {"name": "Bob", "new_name": "B", "password": "a third long password"}
        fields = {
            "rename": ["name", "new_name"],
            "password": ["name", "password"],
            "remove": ["name"],
        }
        answer = client.post(f"{USERS}/{path}", json={name: body[name] for name in fields[path]})
        assert answer.status_code == 404, path


def test_last_person_is_removed_only_when_that_is_confirmed(
    client: TestClient, studio: AppContainer
) -> None:
    answer = client.post(f"{USERS}/remove", json={"name": "Ada"})
    assert (answer.status_code, answer.json()["code"]) == (422, "auth.last_user")
    assert client.post(f"{USERS}/remove", json={"name": "Ada", "last": True}).status_code == 204
    assert not studio.stores.users.any()


@pytest.mark.parametrize(
    ("changes", "without_users"),
    [
        ({}, "open"),
        ({"sign_in": True}, "locked"),
        ({"host": "0.0.0.0"}, "locked"),
        ({"no_sign_in": True}, "ignored"),
    ],
)
def test_list_tells_what_it_means_when_nobody_can_sign_in(
    tmp_path: Path, changes: dict[str, Any], without_users: str
) -> None:
    settings = Settings(data_dir=tmp_path / "home", **changes)
    opened = create_app_container(settings)
    opened.stores.users.set_password("Ada", PASSWORD)
    client = TestClient(build_app(opened), "http://127.0.0.1:7860")
    client.post("/sign-in", data={"name": "Ada", "password": PASSWORD})
    assert client.get(USERS).json()["without_users"] == without_users


def test_keys_are_created_changed_rotated_and_revoked(
    client: TestClient, studio: AppContainer
) -> None:
    clients = studio.stores.clients
    body = {"name": "app", "requests_per_minute": 5, "scopes": ["generate", "metrics"]}
    created = client.post(API_KEYS, json=body).json()
    assert client.post(API_KEYS, json=body).status_code == 422
    found = clients.find_by_key(created["key"])
    assert found is not None
    assert (found.requests_per_minute, sorted(found.scopes)) == (5, ["generate", "metrics"])
    [listed] = client.get(API_KEYS).json()
    assert (listed["client"]["name"], listed["client"]["requests_per_minute"]) == ("app", 5)
    assert listed["used_at"] >= listed["created_at"]
    assert created["key"] not in client.get(API_KEYS).text
    changed = {**body, "requests_per_day": 9}
    assert client.put(f"{API_KEYS}/app", json=changed).status_code == 204
    rotated = client.post(f"{API_KEYS}/app/rotate").json()
    assert clients.find_by_key(created["key"]) is None
    assert clients.find_by_key(rotated["key"]) == clients.get("app")
    assert clients.get("app").requests_per_day == 9
    assert client.delete(f"{API_KEYS}/app").status_code == 204
    assert clients.find_by_key(rotated["key"]) is None
    assert client.post(f"{API_KEYS}/app/rotate").status_code == 404


def test_passwords_and_keys_are_in_no_log_and_no_error(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "secret " * 80
    answers = [
        client.post(USERS, json={"name": "Bob", "password": secret}),
        client.post(USERS, json={"name": "Bob", "password": secret, "surprise": 1}),
        client.post(USERS, json={"name": " ", "password": secret[:40]}),
        client.post(f"{USERS}/password", json={"name": "nobody", "password": secret[:40]}),
    ]
    assert {answer.status_code for answer in answers} == {422, 404}
    key = client.post(API_KEYS, json={"name": "app"}).json()["key"]
    client.post(API_KEYS, json={"name": "app"})
    assert "secret" not in caplog.text + "".join(answer.text for answer in answers)
    assert key not in caplog.text
