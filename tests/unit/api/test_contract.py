"""The API against its own OpenAPI document: whatever is sent, no answer is a 5xx or undocumented."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from studio.api.app import build_api
from studio.bootstrap import open_studio
from studio.recipes.deployment import Order
from studio.recipes.serving import Client
from studio.service.fake import FakeRenderer
from studio.settings import Settings


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    studio = open_studio(
        Settings(home=tmp_path_factory.mktemp("home")), lambda: FakeRenderer(steps=1)
    )
    studio.deploying.deployments.add(Order(slug="first-light", number=1))
    everything = frozenset({"draw", "manage", "watch"})
    client = Client(name="app", per_minute=100_000, in_flight=10_000, scopes=everything)
    key = studio.clients.put(client)
    with TestClient(build_api(studio)) as started:
        yield started, key


def test_nothing_that_is_sent_breaks_it(api: tuple[TestClient, str]) -> None:
    started, key = api
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", started.app)
    headers, sent = {"Authorization": f"Bearer {key}"}, set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @settings(
            max_examples=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), database=None,
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def answered(case: Any) -> None:
            if case.path.endswith(
                "/events"
            ):  # A stream of a request that is under way does not end.
                case.path_parameters["request_id"] = "0" * 32
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=[not_a_server_error])

        answered()
        sent.add(operation.label)
    assert {"POST /api/v1/requests", "GET /api/v1/requests/{request_id}/events"} <= sent
