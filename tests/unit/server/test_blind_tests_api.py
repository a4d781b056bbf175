"""Blind tests by the API: create, poll, vote, rank."""

import io
import threading

import statsmodels.api  # Here, since its import changes how warnings are taken.
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.recipes.evaluation.blind_test import Candidate
from tests.fake_renderer import FakeRenderer
from tests.unit.server.test_themes_api import admin
from tests.waiting import until

assert statsmodels.api
assert admin
V1 = "/api/v1/blind-tests"
CANDIDATES = [{"slug": "first-light", "version": 1, "slot": slot, "cell": None} for slot in "AC"]


def test_blind_test_is_created_voted_on_and_ranked(admin: TestClient) -> None:
    response = admin.post(V1, json={"title": "Which?", "candidates": CANDIDATES})
    assert response.status_code == 201
    assert (response.json()["author"], response.json()["candidates"]) == ("ci", CANDIDATES)
    url = f"{V1}/{response.json()['id']}"
    until(lambda: admin.get(url).json()["is_complete"])
    listed = admin.get(V1).json()
    assert [each["id"] for each in listed["blind_tests"]] == [response.json()["id"]]
    assert listed["next_cursor"] is None

    bo = {"voter": "bo"}
    matchup = admin.get(f"{url}/matchup", params=bo).json()
    assert set(matchup) == {"index", "doodle", "votes"}
    for side in ("doodle", "left", "right"):
        answer = admin.get(f"{url}/images/0/{side}.png", params=bo)
        image = Image.open(io.BytesIO(answer.content))
        assert (image.size, image.info) == ((256, 256), {})
    cast = admin.post(f"{url}/votes", json=bo | {"index": 0, "choice": "right"})
    assert (cast.status_code, cast.json()["index"]) == (201, 1)
    repeated = admin.post(f"{url}/votes", json=bo | {"index": 0, "choice": "right"})
    assert "Vote already cast" in repeated.json()["detail"]
    ranking = admin.get(f"{url}/ranking").json()
    assert (ranking["voters"], ranking["is_significant"]) == ([["bo", 1]], False)


def test_blind_tests_are_listed_in_pages(admin: TestClient, studio: AppContainer) -> None:
    entrants = [Candidate.model_validate(each) for each in CANDIDATES]
    ids = [studio.evaluation.blind_tests.create(f"{n}?", entrants).id for n in range(3)]
    first = admin.get(V1, params={"limit": 2}).json()
    assert [each["id"] for each in first["blind_tests"]] == [ids[2], ids[1]]
    last = admin.get(V1, params={"limit": 2, "before": first["next_cursor"]}).json()
    assert ([each["id"] for each in last["blind_tests"]], last["next_cursor"]) == ([ids[0]], None)
    assert admin.get(V1, params={"limit": 0}).status_code == 422
    assert admin.get(V1, params={"limit": 10**6}).status_code == 422


def test_progress_of_a_blind_test_renders_nothing(admin: TestClient, studio: AppContainer) -> None:
    """Issue 18, 11: what a restart broke off stands still until somebody has it go on."""
    entrants = [Candidate.model_validate(each) for each in CANDIDATES]
    stored = studio.evaluation.blind_tests.create("Which?", entrants)  # And then the process ended.
    url = f"{V1}/{stored.id}"
    for _ in range(2):
        progress = admin.get(url).json()
        assert (progress["is_complete"], progress["state"], progress["done"]) == (
            False,
            "stopped",
            0,
        )
    assert studio.background_tasks.list_all() == ()
    drawing = admin.post(f"{url}/render")
    assert (drawing.status_code, drawing.json()["state"]) == (202, "running")
    until(lambda: admin.get(url).json()["state"] == "done")
    assert admin.get(url).json()["is_complete"]
    assert admin.post(f"{url}/render").json()["is_complete"]
    assert admin.post(f"{V1}/7/render").status_code == 404


def test_voting_starts_with_the_first_complete_pairs(
    admin: TestClient, renderer: FakeRenderer
) -> None:
    renderer.gate = threading.Semaphore(0)
    created = admin.post(V1, json={"title": "Which?", "candidates": CANDIDATES}).json()
    url, bo = f"{V1}/{created['id']}", {"voter": "bo"}
    waiting = admin.get(f"{url}/matchup", params=bo)
    assert (waiting.status_code, waiting.json()["code"]) == (404, "blind_test.image_not_rendered")
    renderer.gate.release(8)  # One doodle with two seeds, by both candidates, two steps each.
    until(lambda: admin.get(url).json()["done"] == 4)
    seen = set()
    matchup = admin.get(f"{url}/matchup", params=bo).json()
    for votes in range(2):
        assert matchup["votes"] == votes
        index = matchup["index"]
        assert admin.get(f"{url}/images/{index}/left.png", params=bo).status_code == 200
        seen.add(index)
        vote = bo | {"index": index, "choice": "left"}
        matchup = admin.post(f"{url}/votes", json=vote).json()
    assert (len(seen), matchup) == (2, None)
    renderer.gate.release(1000)
    until(lambda: admin.get(url).json()["is_complete"])
    following = admin.get(f"{url}/matchup", params=bo).json()
    assert following["votes"] == 2
    assert following["index"] not in seen


def test_blind_tests_need_the_admin_scope(admin: TestClient, app: TestClient) -> None:
    assert app.get(V1).status_code == 403
    assert admin.get(f"{V1}/7").status_code == 404
    assert admin.post(V1, json={"title": "Which?", "candidates": CANDIDATES[:1]}).status_code == 422
