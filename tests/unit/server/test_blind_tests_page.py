"""Blind tests as their page shows them by session: images without labels, votes, ranking."""

import io
import threading
from pathlib import Path

import pytest
import statsmodels.api  # Here, since its import changes how warnings are taken.
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.recipes.evaluation.blind_test import Candidate
from studio.settings import Settings
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

assert statsmodels.api
CSRF_HEADERS = {"X-Studio": "page"}
BLIND_TESTS = "/api/v1/blind-tests"
RECIPES: list[dict[str, object]] = [
    {"slug": "first-light", "version": 1, "slot": slot} for slot in "AC"
]
VERSIONS: list[dict[str, object]] = [
    {"slug": slug, "version": 1} for slug in ("first-light", "picnic")
]


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def create_blind_test(client: TestClient, candidates: list[dict[str, object]]) -> str:
    body = {"title": "Which?", "candidates": candidates, "author": "ada"}
    created = client.post(BLIND_TESTS, json=body, headers=CSRF_HEADERS).json()
    assert created["author"] == "ada"
    url = f"{BLIND_TESTS}/{created['id']}"
    until(lambda: client.get(url).json()["is_complete"])
    return url


def test_blind_test_is_voted_on_and_shown_with_its_theme(client: TestClient) -> None:
    url = create_blind_test(client, RECIPES)
    for index in range(3):
        matchup = client.get(f"{url}/matchup?voter=bo").json()
        assert matchup["index"] == index
        assert set(matchup) == {"index", "doodle", "votes"}
        vote = {"voter": "bo", "index": index, "choice": "left"}
        cast = client.post(f"{url}/votes", json=vote, headers=CSRF_HEADERS).json()
        assert cast["index"] == index + 1
    late = client.post(f"{url}/votes", json=vote, headers=CSRF_HEADERS)
    assert (late.status_code, "Vote already cast" in late.json()["detail"]) == (409, True)
    ranking = client.get(f"{url}/ranking").json()
    assert {candidate["label"] for candidate in ranking["candidates"]} == {"first-light v1 A", "first-light v1 C"}  # fmt: skip
    assert ranking["voters"] == [["bo", 3]]
    [blind_test] = client.get("/api/v1/admin/themes/first-light").json()["blind_tests"]
    assert blind_test["title"] == "Which?"
    assert client.get("/api/v1/admin/themes/picnic").json()["blind_tests"] == []


def test_images_have_no_metadata(client: TestClient) -> None:
    url = create_blind_test(client, RECIPES)
    for side in ("left", "right", "doodle"):
        answer = client.get(f"{url}/images/0/{side}.png?voter=bo")
        image = Image.open(io.BytesIO(answer.content))
        assert image.size == (256, 256)
        assert image.info == {}
    assert client.get(f"{url}/images/0/label.png?voter=bo").status_code == 422


def test_whole_versions_are_compared_by_four_images(client: TestClient) -> None:
    url = create_blind_test(client, VERSIONS)
    answer = client.get(f"{url}/images/0/left.png?voter=bo")
    assert Image.open(io.BytesIO(answer.content)).size == (512, 512)


@pytest.mark.parametrize(
    ("candidates", "status", "expected_text"),
    [
        ([RECIPES[0]], 422, "at least 2"),
        ([RECIPES[0], RECIPES[0]], 422, "listed twice"),
        ([RECIPES[0], {"slug": "nobody", "version": 1}], 404, "Theme not found"),
        ([RECIPES[0], {"slug": "first-light", "version": 9}], 404, "has no version 9"),
    ],
)
def test_invalid_blind_test_is_refused(
    client: TestClient, candidates: list[dict[str, object]], status: int, expected_text: str
) -> None:
    body = {"title": "Which?", "candidates": candidates}
    answer = client.post(BLIND_TESTS, json=body, headers=CSRF_HEADERS)
    assert (answer.status_code, expected_text in answer.json()["detail"]) == (status, True)


def test_votes_need_a_name_and_the_csrf_header(client: TestClient) -> None:
    url = create_blind_test(client, RECIPES)
    vote = {"voter": " ", "index": 0, "choice": "left"}
    assert "voter" in client.post(f"{url}/votes", json=vote, headers=CSRF_HEADERS).json()["detail"]
    assert client.post(f"{url}/votes", json=vote | {"voter": "bo"}).status_code == 403
    assert client.get(f"{BLIND_TESTS}/99").status_code == 404


def test_getting_a_blind_test_renders_nothing(studio: AppContainer) -> None:
    """Issue 18, 14 (security review 1.12): `GET /votes/1` began 80 pictures."""
    entrants = tuple(Candidate.model_validate(each) for each in RECIPES)
    stored = studio.evaluation.blind_tests.create("Which?", entrants)
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")
    url = f"{BLIND_TESTS}/{stored.id}"
    for _ in range(2):
        blind_test = client.get(url).json()
        assert (blind_test["is_complete"], blind_test["state"]) == (False, "stopped")
    assert studio.background_tasks.list_all() == ()
    assert client.post(f"{url}/render").status_code == 403
    assert client.get(f"{url}/images/0/left.png?voter=bo").status_code == 404
    cost = client.get(f"{url}/cost").json()
    body = {"candidates": RECIPES}
    assert client.post(f"{BLIND_TESTS}/cost", json=body, headers=CSRF_HEADERS).json() == cost
    assert client.post(f"{url}/render", headers=CSRF_HEADERS).json()["state"] == "running"
    until(lambda: client.get(url).json()["is_complete"])
    assert client.get(f"{url}/cost").json()["cached"] == cost["images"]
    assert client.post(f"{url}/render", headers=CSRF_HEADERS).json()["is_complete"]


def test_cancelled_rendering_is_resumed_on_demand(home: Path) -> None:
    gate = threading.Semaphore(2)
    studio = create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1, gate=gate))
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")
    body = {"title": "Which?", "candidates": RECIPES}
    created = client.post(BLIND_TESTS, json=body, headers=CSRF_HEADERS).json()
    url = f"{BLIND_TESTS}/{created['id']}"
    name = f"blind_test/{url.rsplit('/', 1)[1]}"
    until(lambda: client.get(url).json()["done"] >= 2)
    client.post("/api/v1/background-tasks/cancel", json={"name": name}, headers=CSRF_HEADERS)
    assert client.get(url).json()["stopping"]
    gate.release()
    until(lambda: client.get(url).json()["state"] != "running")
    assert client.get(url).json()["state"] == "stopped"
    client.post(f"{url}/render", headers=CSRF_HEADERS)
    gate.release(1000)
    until(lambda: client.get(url).json()["is_complete"])
