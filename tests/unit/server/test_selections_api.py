"""A variant of a run is picked by session, and counts for its theme's version."""

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.ui.server import build_app
from tests import examples

SELECTIONS = "/api/v1/variants/selections"
PAGE = {"X-Studio": "page"}
RUN = examples.REQUEST_ID


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    variant = examples.variant(theme_slug="first-light", theme_version=1, slot="B")
    studio.stores.variants.add(variant, examples.png())
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_a_pick_is_stored_and_taken_back(client: TestClient) -> None:
    picked = client.put(f"{SELECTIONS}/{RUN}", json={"slot": "B"}, headers=PAGE)
    assert (picked.status_code, picked.json()) == (200, {"request_id": RUN, "slot": "B"})
    assert client.get(SELECTIONS, params={"request_id": RUN}).json() == [picked.json()]
    theme = client.get("/api/v1/admin/themes/first-light").json()
    assert theme["versions"][0]["selections"] == {"A": 0, "B": 1, "C": 0, "D": 0}
    client.put(f"{SELECTIONS}/{RUN}", json={"slot": None}, headers=PAGE)
    assert client.get(SELECTIONS, params={"request_id": RUN}).json()[0]["slot"] is None


def test_a_variant_that_there_is_not_cannot_be_picked(client: TestClient) -> None:
    answer = client.put(f"{SELECTIONS}/{RUN}", json={"slot": "C"}, headers=PAGE)
    assert answer.status_code == 404
    assert client.put(f"{SELECTIONS}/{RUN}", json={"slot": "B"}).status_code == 403
