"""The served page keeps to this machine and hands out no files."""

import socket
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.errors import AddressInUseError
from studio.settings import Settings
from studio.ui.server import build_app, serve


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_the_page_is_served(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "Doodle Theme Studio" in answer.text


def test_a_file_of_the_server_is_not_handed_out(client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    assert client.get(f"/gradio_api/file={secret}").status_code == 403
    file = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    for number, function in enumerate(client.get("/config").json()["dependencies"]):
        body = {
            "data": [file] * len(function["inputs"]),
            "fn_index": number,
            "session_hash": "x",
        }
        answer = client.post("/gradio_api/run/predict", json=body)
        assert "secret.txt" not in answer.text or answer.status_code >= 400, function["api_name"]


def test_another_sites_name_is_turned_away(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("address", ["/", "/history", "/gradio_api/info", "/web/lib/dom.js"])
def test_a_browser_is_told_to_load_nothing_from_elsewhere(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_body_beyond_the_limit_is_turned_away(client: TestClient) -> None:
    answer = client.post("/gradio_api/queue/join", content=b"x" * (33 * 2**20))
    assert answer.status_code == 413


def test_a_port_in_use_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUseError, match=f"Cannot listen on 127.0.0.1:{port}"):
            serve(Settings(data_dir=home, port=port))
    assert not home.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_other_machines_are_not_served_while_nobody_could_sign_in(home: Path, host: str) -> None:
    with pytest.raises(AddressInUseError, match="there are no users"):
        serve(Settings(data_dir=home, host=host))
