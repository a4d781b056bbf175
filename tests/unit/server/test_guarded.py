"""Issue 18, 7: sign-in is required as soon as there is a user; without users, only this machine is served."""

import stat
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.errors import AddressInUseError
from studio.settings import Settings
from studio.ui.server import build_app, serve
from tests.fake_renderer import FakeRenderer

PASSWORD = "correct horse battery"
LOCAL_URL = "http://127.0.0.1:7860"
FORWARDED = [
    {"X-Forwarded-For": "203.0.113.7"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "studio.example"},
    {"Forwarded": "for=203.0.113.7"},
    {"X-Real-IP": "203.0.113.7"},
    {"Via": "1.1 proxy"},
]


def client_of(studio: AppContainer, url: str = LOCAL_URL, peer: str = "127.0.0.1") -> TestClient:
    return TestClient(build_app(studio), url, client=(peer, 5), follow_redirects=False)


def test_first_user_turns_sign_in_on(studio: AppContainer) -> None:
    client = client_of(studio)
    assert client.get("/config").status_code == 200
    studio.stores.users.set_password("ada", PASSWORD)
    for address in ("/config", "/api/v1/variants", "/gradio_api/info"):
        assert client.get(address).status_code == 401
    assert client.get("/", headers={"accept": "text/html"}).headers["location"] == "/sign-in"
    answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    assert answer.headers["location"] == "/"
    assert client.get("/config").status_code == 200
    # What she saves bears her name.
    renamed = client.put("/api/v1/admin/themes/picnic/name?name=Picknick&author=bob", headers={"X-Studio": "x"})  # fmt: skip
    assert studio.stores.themes.list_version_summaries("picnic")[0].author == "ada"
    assert renamed.status_code == 200
    studio.stores.users.remove("ada")
    assert client_of(studio).get("/config").status_code == 200


def test_loopback_studio_without_sign_in_refuses_proxied_requests(studio: AppContainer) -> None:
    client = client_of(studio)
    for headers in FORWARDED:
        for address in ("/", "/config", "/sign-in", "/web/lib/dom.js", "/gradio_api/upload"):
            answer = client.get(address, headers=headers)
            assert answer.status_code == 403
            assert "studio users add" in answer.json()["detail"]


def test_users_sign_in_behind_a_trusted_proxy(home: Path) -> None:
    opened = create_app_container(
        Settings(data_dir=home, trusted_proxies=("127.0.0.1",)), FakeRenderer
    )
    opened.stores.users.set_password("ada", PASSWORD)
    client = client_of(opened)
    sent = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "studio.example",
        "Origin": "https://studio.example",
    }
    assert client.get("/config", headers=sent).status_code == 401
    client.headers = sent
    answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    assert answer.headers["location"] == "/"
    assert "; Secure" in answer.headers["set-cookie"]
    other_port = {**sent, "X-Forwarded-Host": "studio.example:8443"}
    assert client.get("/sign-in", headers=other_port).status_code == 403


def test_sign_in_is_forced_or_disabled_by_settings(home: Path) -> None:
    forced = create_app_container(Settings(data_dir=home, sign_in=True), FakeRenderer)
    assert client_of(forced).get("/config").status_code == 401
    with pytest.raises(AddressInUseError, match="there are no users"):
        serve(Settings(data_dir=home, sign_in=True))
    forced.stores.users.set_password("ada", PASSWORD)
    disabled = create_app_container(Settings(data_dir=home, no_sign_in=True), FakeRenderer)
    assert client_of(disabled).get("/config").status_code == 200
    assert client_of(disabled).get("/config", headers=FORWARDED[0]).status_code == 403
    assert client_of(disabled, "http://evil.example").get("/config").status_code == 400
    assert client_of(disabled).get("/config", headers={"Host": "["}).status_code == 400
    allowed_hosts = ("studio.example",)
    settings = Settings(
        data_dir=home, no_sign_in=True, trusted_proxies=("127.0.0.1",), allowed_hosts=allowed_hosts
    )
    proxied = client_of(create_app_container(settings))
    # Issue 18, 5: a page under another name may send a proxy's headers, too.
    for host, status in (("studio.example", 200), ("203.0.113.9", 200), ("evil.example", 400)):
        answer = proxied.get("/config", headers=FORWARDED[0] | {"Host": host})
        assert answer.status_code == status


@pytest.mark.parametrize("created", [False, True])
def test_data_directory_is_readable_by_its_owner_alone(home: Path, created: bool) -> None:
    """Issue 18, 8 (1.7)."""
    if created:
        home.mkdir(mode=0o755)
        home.chmod(0o755)
        (home / "studio.db").touch(0o644)
        (home / "studio.db").chmod(0o644)
    create_app_container(Settings(data_dir=home)).stores.users.set_password("ada", PASSWORD)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for file in home.glob("studio.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_group_permissions_of_the_data_directory_are_kept(home: Path) -> None:
    home.mkdir()
    home.chmod(0o770)
    create_app_container(Settings(data_dir=home))
    assert stat.S_IMODE(home.stat().st_mode) == 0o770
