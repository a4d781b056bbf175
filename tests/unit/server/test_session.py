"""A studio that other machines can reach requires a session."""

import os
import stat
from pathlib import Path
from typing import Literal

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.errors import StorageUnavailableError
from studio.settings import Settings
from studio.ui.server import build_app

PASSWORD = "correct horse battery"


@pytest.fixture
def studio(home: Path) -> AppContainer:
    opened = create_app_container(Settings(data_dir=home, host="0.0.0.0"))
    opened.stores.users.set_password("ada", PASSWORD)
    return opened


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://studio.example", follow_redirects=False)


def sign_in(client: TestClient, password: str = PASSWORD) -> str:
    """Where the answer leads."""
    answer = client.post("/sign-in", data={"name": "ada", "password": password})
    return str(answer.headers["location"])


@pytest.mark.parametrize(
    "address",
    ["/", "/config", "/gradio_api/info", "/gradio_api/queue/status", "/gradio_api/file=x",
     "/gradio_api/cancel", "/openapi.json", "/api/v1/openapi.json", "/api/v1/variants", "/api/v1/models", "/themes"],
)  # fmt: skip
def test_requests_without_a_session_are_refused(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 401
    assert client.post(address).status_code == 401


def test_page_requests_are_redirected_to_sign_in(client: TestClient) -> None:
    answer = client.get("/history", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    chosen = client.get("/?lang=zh-CN", headers={"accept": "text/html"})
    assert chosen.headers["location"] == "/sign-in?lang=zh-CN"
    other = client.get("/?lang=//evil.example", headers={"accept": "text/html"})
    assert other.headers["location"] == "/sign-in"
    assert "Password" in client.get("/sign-in").text
    assert client.get("/web/styles/tokens.css").status_code == 200


def test_sign_in_sets_a_strict_session_cookie(client: TestClient) -> None:
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


def test_wrong_passwords_are_reported_and_limited(
    client: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(client, "wrong") == "/sign-in?failed"
    assert client.post("/sign-in", data={"name": "bob", "password": PASSWORD}).headers["location"] == "/sign-in?failed"  # fmt: skip
    for _ in range(8):
        sign_in(client, "wrong")
    monkeypatch.setattr(
        type(studio.stores.users), "verify_password", lambda *_: pytest.fail("was tried")
    )
    answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    page = client.post(
        "/sign-in", data={"name": "ada", "password": "x"}, headers={"accept": "text/html"}
    )
    assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "Too many failed sign-in attempts" in page.text


def test_forged_session_cookie_is_refused(client: TestClient) -> None:
    client.cookies.set("studio-session", "eyJ1c2VyIjogImFkYSJ9.forged.forged")
    assert client.get("/config").status_code == 401


def test_new_password_or_removal_ends_every_session(
    client: TestClient, studio: AppContainer
) -> None:
    sign_in(client)
    studio.stores.users.set_password("ada", "another long password")
    assert client.get("/config").status_code == 401
    assert sign_in(client, "another long password") == "/"
    studio.stores.users.remove("ada")
    assert client.get("/config").status_code == 401


@pytest.mark.parametrize("stored", ["", " " * 64, "short" * 6])
def test_too_short_secret_is_refused(studio: AppContainer, stored: str) -> None:
    """Issue 18, 14 (1.11): a crash while it was written left it empty, and later starts read that."""
    (studio.settings.data_dir / "session-secret").write_text(stored)
    with pytest.raises(
        StorageUnavailableError, match=r"session-secret is damaged.*Delete the file"
    ):
        build_app(studio)


def test_secret_is_written_atomically(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnavailableError, match="No space left"):
        build_app(studio)
    assert not [
        file for file in studio.settings.data_dir.iterdir() if "session-secret" in file.name
    ]


# Issue 18, 8.
def test_sign_out_ends_only_its_own_session(studio: AppContainer) -> None:
    one, other, thief = (
        TestClient(build_app(studio), base_url="http://studio.example", follow_redirects=False)
        for _ in range(3)
    )
    sign_in(one)
    sign_in(other)
    thief.cookies.update(one.cookies)
    assert thief.get("/config").status_code == 200
    one.post("/sign-in/out")
    assert thief.get("/config").status_code == 401
    assert other.get("/config").status_code == 200


@pytest.mark.parametrize(
    ("setting", "url", "secure"),
    [("auto", "http://studio.example", False), ("auto", "https://studio.example", True),
     (True, "http://studio.example", True), (False, "https://studio.example", False)],
)  # fmt: skip
def test_cookies_are_secure_by_setting_or_on_https(
    home: Path, setting: bool | Literal["auto"], url: str, secure: bool
) -> None:
    opened = create_app_container(Settings(data_dir=home, host="0.0.0.0", secure_cookies=setting))
    opened.stores.users.set_password("ada", PASSWORD)
    client = TestClient(build_app(opened), base_url=url, follow_redirects=False)
    answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    cookies = answer.headers.get_list("set-cookie")
    assert {each.partition("=")[0] for each in cookies} == {"studio-session", "studio-user", "studio-known"}  # fmt: skip
    assert [each.endswith("; Secure") for each in cookies] == [secure] * 3


def test_trusted_proxy_marks_requests_as_https(home: Path) -> None:
    settings = Settings(data_dir=home, host="0.0.0.0", trusted_proxies=("10.0.0.0/8",))
    opened = create_app_container(settings)
    opened.stores.users.set_password("ada", PASSWORD)
    forwarded = {"X-Forwarded-Proto": "https"}
    for peer, secure in (("10.0.0.2", True), ("192.0.2.9", False)):
        client = TestClient(build_app(opened), "http://studio.example", client=(peer, 5), follow_redirects=False)  # fmt: skip
        answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD}, headers=forwarded)  # fmt: skip
        assert ("; Secure" in answer.headers["set-cookie"]) == secure


def test_secret_is_readable_by_its_owner_alone(client: TestClient, studio: AppContainer) -> None:
    secret = studio.settings.data_dir / "session-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) == 64


def test_sign_in_is_disabled_only_by_setting(home: Path) -> None:
    opened = create_app_container(Settings(data_dir=home, host="0.0.0.0", no_sign_in=True))
    client = TestClient(build_app(opened), base_url="http://192.168.1.5:7860")
    assert client.get("/config").status_code == 200
