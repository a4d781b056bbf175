"""Issue 19, 4: each route of the API with a key, with a session and with neither, on both servers."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.api_routers import CLIENT_ROUTERS, OPERATOR_ROUTERS
from studio.server.app import create_api
from studio.settings import Settings
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer

PASSWORD = "correct horse battery"
CSRF_HEADERS = {"X-Studio": "page"}
PATH_VALUES = {"version": "1", "test_id": "999", "index": "0", "decision_id": "999", "search_id": "999", "slot": "A", "side": "left",
               "request_id": "0" * 32, "sha256": "0" * 64, "kind": "robustness"}  # fmt: skip
PUBLIC = {"/api/v1/health", "/api/v1/ready"}
"""Answered without a key by `studio api`, not by `studio ui`, which everybody signs in to."""


class Operation(NamedTuple):
    method: str
    url: str
    scope: Scope


def operations(routers: tuple[object, ...]) -> list[Operation]:
    """Every method of every route, with values of the right form in its path."""
    found = []
    for router in routers:
        for route in router.routes:  # type: ignore[attr-defined]
            assert isinstance(route, APIRoute)
            url = re.sub(r"\{(\w+)\}", lambda name: PATH_VALUES.get(name[1], "none"), route.path)
            url = url.replace("/previews/robustness/", "/previews/lora/")
            scope: Scope = "metrics" if url == "/metrics" else "admin"
            found += [Operation(method, url, scope) for method in sorted(route.methods or ())]
    return found


OPERATIONS = operations(OPERATOR_ROUTERS)
CLIENT_OPERATIONS = operations(CLIENT_ROUTERS)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> AppContainer:
    """Other machines can reach it, so that everybody signs in."""
    home = tmp_path_factory.mktemp("authorization") / "home"
    opened = create_app_container(Settings(data_dir=home, host="0.0.0.0"), FakeRenderer)
    opened.stores.users.set_password("ada", PASSWORD)
    return opened


@pytest.fixture(scope="module")
def ui(studio: AppContainer) -> FastAPI:
    return build_app(studio)


@pytest.fixture(scope="module")
def api(studio: AppContainer) -> FastAPI:
    return create_api(studio)


@pytest.fixture(scope="module")
def keys(studio: AppContainer) -> dict[Scope, str]:
    scopes: tuple[Scope, ...] = ("generate", "admin", "metrics")
    return {
        scope: studio.stores.clients.create_or_rotate_key(
            ApiClient(name=scope, scopes=frozenset({scope}), requests_per_minute=100_000)
        )
        for scope in scopes
    }


@pytest.fixture(params=["ui", "api"])
def server(request: pytest.FixtureRequest) -> FastAPI:
    app: FastAPI = request.getfixturevalue(request.param)
    return app


@pytest.fixture
def signed_in(ui: FastAPI) -> TestClient:
    client = TestClient(ui, "http://studio.example", follow_redirects=False)
    client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    return client


def with_key(app: FastAPI, key: str) -> TestClient:
    headers = {"Authorization": f"Bearer {key}"}
    return TestClient(app, "http://studio.example", headers=headers, follow_redirects=False)


def test_every_router_is_covered() -> None:
    assert len(OPERATIONS) > 60
    assert len(CLIENT_OPERATIONS) > 8


@pytest.mark.parametrize("key", [None, "dts_wrong", ""])
def test_without_a_valid_key_or_session_every_route_answers_401(
    server: FastAPI, ui: FastAPI, key: str | None
) -> None:
    headers = CSRF_HEADERS | ({} if key is None else {"Authorization": f"Bearer {key}"})
    client = TestClient(server, "http://studio.example", headers=headers)
    for method, url, _ in OPERATIONS:
        if url in PUBLIC and server is not ui:
            continue
        answer = client.request(method, url)
        assert (answer.status_code, url) == (401, url)
        assert answer.headers["content-type"] == "application/problem+json"


def test_key_needs_the_scope_of_the_route(server: FastAPI, keys: dict[Scope, str]) -> None:
    for method, url, scope in OPERATIONS:
        if url in PUBLIC:
            continue
        others = [key for other, key in keys.items() if other != scope]
        answers = [with_key(server, key).request(method, url) for key in others]
        assert [(each.status_code, each.json()["code"], url) for each in answers] == [
            (403, "auth.wrong_scope", url)
        ] * 2
        let_in = with_key(server, keys[scope]).request(method, url)
        assert let_in.status_code not in (401, 403, 405), url


def test_session_needs_the_csrf_header_for_changes(signed_in: TestClient) -> None:
    for method, url, _ in OPERATIONS:
        answer = signed_in.request(method, url)
        if method == "GET":
            assert answer.status_code not in (401, 403, 405), url
            continue
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.csrf_header_missing"), url
        let_in = signed_in.request(method, url, headers=CSRF_HEADERS)
        assert let_in.status_code not in (401, 403, 405), url


def test_generation_requests_are_for_keys_on_the_api_server_alone(
    api: FastAPI, signed_in: TestClient, keys: dict[Scope, str]
) -> None:
    for method, url, _ in CLIENT_OPERATIONS:
        assert TestClient(api).request(method, url).status_code == 401
        assert with_key(api, keys["admin"]).request(method, url).status_code == 403
        let_in = with_key(api, keys["generate"]).request(method, url)
        assert let_in.status_code not in (401, 403, 405), url
        # Without a broker one process alone may render the requests of a database.
        assert signed_in.request(method, url, headers=CSRF_HEADERS).status_code == 404


def test_session_cookie_opens_nothing_on_the_api_server(
    api: FastAPI, signed_in: TestClient
) -> None:
    client = TestClient(api, "http://studio.example", cookies=dict(signed_in.cookies))
    for method, url, _ in OPERATIONS:
        if url not in PUBLIC:
            assert client.request(method, url, headers=CSRF_HEADERS).status_code == 401


def test_key_opens_the_api_but_no_page(ui: FastAPI, keys: dict[Scope, str]) -> None:
    client = with_key(ui, keys["admin"])
    for url in ("/", "/config", "/themes", "/gradio_api/info", "/themes/picnic/1/sheet"):
        assert client.get(url).status_code == 401, url
    # What the API does not have is not handed on to the applications behind it.
    for url in ("/api/v1/nothing", "/api/v1/../config", "/api/v1/gradio_api/info"):
        assert client.get(url).status_code in (401, 404), url
    for method in ("HEAD", "OPTIONS"):
        answer = client.request(method, "/api/v1/gradio_api/info")
        assert answer.headers["content-type"] == "application/problem+json", method
        assert answer.status_code == 404, method


def test_wrong_key_is_refused_also_with_a_session(signed_in: TestClient) -> None:
    headers = {"Authorization": "Bearer dts_wrong"}
    answer = signed_in.get("/api/v1/admin/themes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.api_key_missing")
    # As a proxy passes on what it has asked for itself.
    basic = {"Authorization": "Basic YWRhOng="}
    assert signed_in.get("/api/v1/admin/themes", headers=basic).status_code == 200


def test_requests_of_a_key_are_limited_on_both_servers(
    server: FastAPI, studio: AppContainer
) -> None:
    slow = ApiClient(name="slow", scopes=frozenset({"admin"}), requests_per_minute=1)
    client = with_key(server, studio.stores.clients.create_or_rotate_key(slow))
    url = "/api/v1/moderation/check-text"
    answers = [client.post(url, json={"text": "a cat"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) == 60
    body = b"[" + b"{}," * 100_000 + b"{}]"
    assert client.put("/api/v1/moderation/word-list", content=body).status_code == 413


def test_loopback_studio_without_users_needs_no_session_but_a_local_host(tmp_path: Path) -> None:
    app = build_app(create_app_container(Settings(data_dir=tmp_path / "home"), FakeRenderer))
    url = "/api/v1/moderation/word-list"
    local = TestClient(app, "http://127.0.0.1:7860")
    assert local.get(url).status_code == 200
    assert local.put(url, json={"text": ""}).status_code == 403
    assert local.put(url, json={"text": ""}, headers=CSRF_HEADERS).status_code == 200
    assert local.get(url, headers={"Host": "evil.example"}).status_code == 400
    assert local.get(url, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403
    foreign = {"Origin": "http://evil.example"} | CSRF_HEADERS
    assert local.put(url, json={"text": ""}, headers=foreign).status_code == 403
    assert local.get(url, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert local.get(url, headers={"Authorization": "Bearer dts_wrong"}).status_code == 401


def test_openapi_describes_key_and_session(ui: FastAPI) -> None:
    document = ui.openapi()
    assert set(document["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyCookie"}
    described = document["paths"]["/api/v1/variants"]["get"]["security"]
    assert described == [{"HTTPBearer": []}, {"APIKeyCookie": []}]
    assert not [path for path in document["paths"] if not path.startswith(("/api/v1/", "/metrics"))]
