"""Issue 18, 5: cross-origin requests of browsers are refused before routing."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from studio.app import create_app_container
from studio.settings import Settings
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer

CSRF_HEADERS = "http://127.0.0.1:7860"
FOREIGN = [
    "http://localhost:28080",
    "http://127.0.0.1:7861",
    "https://127.0.0.1:7860",
    "http://evil.example",
    "http://127.0.0.1.evil.example:7860",
    "http://127.0.0.1",
    "null",
    "",
    "http://",
    "http://[",
]
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all of this file, in which nothing is written: building the page takes a second."""
    return tmp_path_factory.mktemp("origins") / "home"


@pytest.fixture(scope="module")
def client(home: Path) -> TestClient:
    opened = create_app_container(Settings(data_dir=home), FakeRenderer)
    return TestClient(build_app(opened), base_url=CSRF_HEADERS)


@pytest.fixture(scope="module")
def lan(home: Path) -> TestClient:
    """As `--host 0.0.0.0 --no-sign-in` serves it, in a network where it has a name."""
    settings = Settings(
        data_dir=home, host="0.0.0.0", no_sign_in=True, allowed_hosts=("Studio.lan",)
    )
    opened = create_app_container(settings, FakeRenderer)
    return TestClient(build_app(opened), base_url="http://studio.lan")


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(
    ("method", "url"),
    [("PUT", "/api/v1/moderation/word-list"), ("GET", "/config"), ("POST", "/gradio_api/run/predict"),
     ("POST", "/gradio_api/upload"), ("OPTIONS", "/api/v1/moderation/word-list"), ("GET", "/web/lib/dom.js")],
)  # fmt: skip
def test_other_origins_are_refused(client: TestClient, origin: str, method: str, url: str) -> None:
    headers = {"Origin": origin, "X-Studio": "page"}
    answer = client.request(method, url, headers=headers, json={"text": "[block]\npwned"})
    assert answer.status_code == 403
    assert "Cross-origin request" in answer.json()["detail"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_cors_preflight_allows_nothing(client: TestClient, lan: TestClient) -> None:
    asks = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-studio",
    }
    for requested, origin in ((client, "http://localhost:3000"), (lan, "http://evil.example")):
        for url in ("/api/v1/moderation/word-list", "/gradio_api/run/predict", "/config"):
            answer = requested.options(url, headers=asks | {"Origin": origin})
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers
    # Without the guard Gradio still says nothing: its parent has a policy of its own.
    answer = client.get("/config", headers={"Origin": CSRF_HEADERS})
    assert "access-control-allow-credentials" not in answer.headers


def test_cross_site_writes_are_refused(lan: TestClient, home: Path) -> None:
    values = {"text": "[block]\npwned-by-evil-example"}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = lan.put(
            "/api/v1/moderation/word-list", json=values, headers=headers | {"X-Studio": "page"}
        )
        assert answer.status_code == 403
    assert not (home / "words" / "own.txt").exists()


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize(
    "url",
    [
        "/themes/picnic/1/sheet?by=boss",
        "/api/v1/blind-tests/1",
        "/api/v1/variants/export.zip",
        "/config",
        "/",
    ],
)
def test_cross_site_subresources_are_refused(client: TestClient, site: str, url: str) -> None:
    for mode, dest in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert client.get(url, headers=headers).status_code == 403


def test_cross_site_links_lead_to_pages_only(client: TestClient) -> None:
    headers = NAVIGATION | {"Sec-Fetch-Site": "cross-site"}
    for page in ("/", "/?run=abc", "/history", "/themes?theme=picnic", "/votes", "/sign-in"):
        assert client.get(page, headers=headers).status_code == 200
    for other in (
        "/api/v1/variants/export.zip",
        "/config",
        "/themes/picnic/1/sheet",
        "/gradio_api/info",
    ):
        assert client.get(other, headers=headers).status_code == 403
    assert client.post("/sign-in", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": CSRF_HEADERS}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
     {"Origin": CSRF_HEADERS, "Sec-Fetch-Site": "same-origin"}, {"Origin": "HTTP://127.0.0.1:7860"}],
)  # fmt: skip
def test_same_origin_pages_and_programs_are_answered(
    client: TestClient, headers: dict[str, str]
) -> None:
    sent = headers | {"X-Studio": "page"}
    assert (
        client.post(
            "/api/v1/moderation/check-text", json={"text": "a cat"}, headers=sent
        ).status_code
        == 200
    )
    assert client.get("/config", headers=headers).status_code == 200


def test_default_port_is_the_same_origin(lan: TestClient) -> None:
    for origin in ("http://studio.lan", "http://studio.lan:80"):
        assert lan.get("/config", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("studio.lan", 200), ("STUDIO.lan:7860", 200), ("studio.lan.", 200),
        ("192.168.1.5:7860", 200), ("[fd00::5]:7860", 200), ("localhost:7860", 200),
        ("evil.example", 400), ("evil.example:7860", 400), ("192.168.1.5.evil.example", 400),
        ("studio.lan.evil.example", 400), ("studio", 400), ("0x7f.1", 400), ("[", 400),
    ],
)  # fmt: skip
def test_dns_rebinding_is_refused_without_sign_in(lan: TestClient, host: str, status: int) -> None:
    """DNS rebinding: to the browser the page of evil.example is then the studio's own."""
    same_origin = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    for url in ("/config", "/"):
        answer = lan.get(url, headers=same_origin if host != "[" else {"Host": host})
        assert answer.status_code == status
        if status == 400:
            assert "STUDIO_ALLOWED_HOSTS" in answer.json()["detail"]


def test_any_host_name_is_allowed_with_sign_in(tmp_path: Path) -> None:
    """A session's cookie goes to the host that it came from, and to no other name of it."""
    opened = create_app_container(
        Settings(data_dir=tmp_path, host="0.0.0.0", sign_in=True), FakeRenderer
    )
    client = TestClient(build_app(opened), base_url="http://any.example")
    assert client.get("/sign-in").status_code == 200
    assert client.get("/config").status_code == 401


def test_cross_origin_websockets_are_refused(client: TestClient) -> None:
    foreign = {"Origin": "http://evil.example"}
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/x", headers=foreign):  # fmt: skip
        pass
    assert getattr(refused.value, "status_code", 403) == 403
