"""Blind contests by the API: begun, waited for, voted on, counted."""

import io

import statsmodels.api  # Here, since its import changes how warnings are taken.
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.recipes.evaluation.blind_test import Candidate
from tests.unit.server.test_themes_api import manager
from tests.waiting import until

assert statsmodels.api
assert manager
V1 = "/api/v1/blind-tests"
ENTRANTS = [{"slug": "first-light", "version": 1, "slot": slot} for slot in "AC"]


def test_a_contest_by_the_api(manager: TestClient) -> None:
    begun = manager.post(V1, json={"title": "Which?", "candidates": ENTRANTS})
    assert begun.status_code == 201
    assert (begun.json()["author"], begun.json()["candidates"]) == ("ci", ENTRANTS)
    address = f"{V1}/{begun.json()['id']}"
    until(lambda: manager.get(address).json()["is_complete"])
    assert [each["id"] for each in manager.get(V1).json()] == [begun.json()["id"]]

    bo = {"voter": "bo"}
    shown = manager.get(f"{address}/matchup", params=bo).json()
    assert set(shown) == {"index", "doodle"}
    for side in ("doodle", "left", "right"):
        answer = manager.get(f"{address}/images/0/{side}.png", params=bo)
        image = Image.open(io.BytesIO(answer.content))
        assert (image.size, image.info) == ((256, 256), {})
    cast = manager.post(f"{address}/votes", json=bo | {"index": 0, "choice": "right"})
    assert (cast.status_code, cast.json()["index"]) == (201, 1)
    again = manager.post(f"{address}/votes", json=bo | {"index": 0, "choice": "right"})
    assert "cast already" in again.json()["detail"]
    standing = manager.get(f"{address}/ranking").json()
    assert (standing["voters"], standing["is_significant"]) == ([["bo", 1]], False)


def test_asking_how_far_a_contest_is_draws_nothing(
    manager: TestClient, studio: AppContainer
) -> None:
    """Issue 18, 11: what a restart broke off stands still until somebody has it go on."""
    entrants = [Candidate.model_validate(each) for each in ENTRANTS]
    kept = studio.blind_tests.create("Which?", entrants)  # And then the process ended.
    address = f"{V1}/{kept.id}"
    for _ in range(2):
        found = manager.get(address).json()
        assert (found["is_complete"], found["state"], found["done"]) == (False, "stopped", 0)
    assert studio.background_tasks.list_all() == ()
    drawing = manager.post(f"{address}/render")
    assert (drawing.status_code, drawing.json()["state"]) == (202, "running")
    until(lambda: manager.get(address).json()["state"] == "done")
    assert manager.get(address).json()["is_complete"]
    assert manager.post(f"{address}/render").json()["is_complete"]
    assert manager.post(f"{V1}/7/render").status_code == 404


def test_contests_are_for_keys_that_manage(manager: TestClient, app: TestClient) -> None:
    assert app.get(V1).status_code == 403
    assert manager.get(f"{V1}/7").status_code == 404
    assert manager.post(V1, json={"title": "Which?", "candidates": ENTRANTS[:1]}).status_code == 422
