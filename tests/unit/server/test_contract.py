"""The API against its own OpenAPI document, on either database: whatever is sent, no answer is a 5xx,
and every other error is a problem.

Each request is generated once and sent to both, since to generate it takes as long as to answer it.
`make test-all` (STUDIO_TEST_ALL=1) sends eight times as much.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as of_hypothesis
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from studio.app import create_app_container
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.server.app import create_api
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer
from tests.servers.postgresql import Cluster
from tests.unit.store.conftest import postgresql

assert postgresql
CASES = 60 if os.environ.get("STUDIO_TEST_ALL") else 8
"""For each operation with parameters or a body."""
ELSEWHERE = frozenset({"POST /api/v1/models/downloads", "POST /api/v1/models/downloads/estimate"})
"""Operations that ask a model hub; test_models_system_page has them with a hub on loopback."""


class Server(NamedTuple):
    """An API over a database, and the headers that let a client do everything."""

    app: FastAPI
    headers: dict[str, str]


# Issue 18, 9.
@pytest.fixture(scope="module")
def servers(
    postgresql: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, ...]]:
    with ExitStack() as started:
        found = []
        for url in ("", postgresql.new_database()):
            server = make_server(
                Settings(data_dir=tmp_path_factory.mktemp("home"), database_url=SecretStr(url))
            )
            started.enter_context(TestClient(server.app))
            found.append(server)
        yield tuple(found)


def make_server(settings: Settings) -> Server:
    studio = create_app_container(settings, lambda: FakeRenderer(steps=1))
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    everything = frozenset({"generate", "admin", "metrics"})
    client = ApiClient(
        name="app", requests_per_minute=100_000, max_concurrent_requests=10_000, scopes=everything
    )
    key = studio.stores.clients.create_or_rotate_key(client)
    return Server(create_api(studio), {"Authorization": f"Bearer {key}"})


def is_a_problem(_: Any, response: Any, __: Any) -> None:
    """A check of schemathesis': what is no success says so as everything else does."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == ["application/problem+json"]
    assert " at 0x" not in response.text
    assert not any(internal in response.text for internal in ("/home0", "postgresql+", "sqlite:"))


CHECKS = [not_a_server_error, is_a_problem, content_type_conformance, status_code_conformance]


def test_no_generated_request_is_a_server_error(servers: tuple[Server, ...]) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", servers[0].app)
    sent = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.label in ELSEWHERE:
            continue

        varies = any(
            (operation.path_parameters, operation.query, operation.headers, operation.body)
        )

        @of_hypothesis(
            max_examples=CASES if varies else 1, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), database=None,
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def answered(case: Any) -> None:
            if case.path.endswith(
                "/events"
            ):  # A stream of a request that is under way does not end.
                case.path_parameters["request_id"] = "0" * 32
            for app, headers in servers:
                answer = case.call(headers=headers, app=app)
                case.validate_response(answer, checks=CHECKS)

        answered()
        sent.add(operation.label)
    assert {"POST /api/v1/requests", "GET /api/v1/requests/{request_id}/events"} <= sent
