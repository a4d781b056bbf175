"""Open to other machines, the studio lets nobody in who has not signed in."""

import stat
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.bootstrap import Studio, open_studio
from studio.settings import Settings
from studio.ui.server import build_app

PASSWORD = "correct horse battery"


@pytest.fixture
def studio(home: Path) -> Studio:
    opened = open_studio(Settings(home=home, host="0.0.0.0"))
    opened.users.put("ada", PASSWORD)
    return opened


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(build_app(studio), base_url="http://studio.example", follow_redirects=False)


def sign_in(client: TestClient, password: str = PASSWORD) -> str:
    """Where the answer leads."""
    answer = client.post("/sign-in", data={"name": "ada", "password": password})
    return str(answer.headers["location"])


@pytest.mark.parametrize(
    "address",
    ["/", "/config", "/gradio_api/info", "/gradio_api/queue/status", "/gradio_api/file=x",
     "/gradio_api/cancel", "/openapi.json", "/history/variants", "/models/list", "/system/status"],
)  # fmt: skip
def test_nothing_is_answered_without_a_session(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 401
    assert client.post(address).status_code == 401


def test_a_browser_is_led_to_where_one_signs_in(client: TestClient) -> None:
    answer = client.get("/history", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "Password" in client.get("/sign-in").text
    assert client.get("/own/pages.css").status_code == 200


def test_who_signs_in_is_let_in_by_a_strict_cookie(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "samesite=strict" in cookie
    assert "httponly" in cookie
    assert PASSWORD not in answer.headers["set-cookie"]
    assert client.get("/config").status_code == 200
    assert client.cookies["studio-user"] == "ada"
    client.post("/sign-in/out")
    assert client.get("/config").status_code == 401
    assert "studio-user" not in client.cookies


def test_a_wrong_password_is_told_and_too_many_are_not_tried(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(client, "wrong") == "/sign-in?wrong"
    assert client.post("/sign-in", data={"name": "bob", "password": PASSWORD}).headers["location"] == "/sign-in?wrong"  # fmt: skip
    for _ in range(8):
        sign_in(client, "wrong")
    monkeypatch.setattr(type(studio.users), "is_right", lambda *_: pytest.fail("was tried"))
    assert sign_in(client) == "/sign-in?too-often"


def test_a_forged_or_foreign_cookie_opens_nothing(client: TestClient) -> None:
    client.cookies.set("studio-session", "eyJ1c2VyIjogImFkYSJ9.forged.forged")
    assert client.get("/config").status_code == 401


def test_a_new_password_or_leaving_ends_every_session(client: TestClient, studio: Studio) -> None:
    sign_in(client)
    studio.users.put("ada", "another long password")
    assert client.get("/config").status_code == 401
    assert sign_in(client, "another long password") == "/"
    studio.users.remove("ada")
    assert client.get("/config").status_code == 401


def test_the_cookies_secret_is_its_owners(client: TestClient, studio: Studio) -> None:
    secret = studio.settings.home / "session-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) == 64


def test_without_sign_in_it_is_open_by_an_explicit_flag_alone(home: Path) -> None:
    opened = open_studio(Settings(home=home, host="0.0.0.0", no_sign_in=True))
    client = TestClient(build_app(opened), base_url="http://studio.example")
    assert client.get("/config").status_code == 200
