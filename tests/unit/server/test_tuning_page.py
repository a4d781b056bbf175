"""Routes of the page Tuning: create a study, run and cancel trials, rate them, save one."""

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.ui.server import build_app
from tests.waiting import until

CSRF_HEADERS = {"X-Studio": "tuning"}
STUDY = {"slug": "first-light", "version": 1, "slot": "B", "vary": "denoising_strength=0.4..0.8\nsampler=Euler,UniPC", "objective": "ratings"}  # fmt: skip


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def run_trials(client: TestClient, name: str, trials: int) -> dict[str, Any]:
    client.post(f"/tuning/run?study={name}", json={"trials": trials}, headers=CSRF_HEADERS)
    url = f"/tuning/trials?study={name}"
    response: dict[str, Any] = until(
        lambda: client.get(url).json(), lambda it: it["progress"]["state"] != "running"
    )
    return response


def test_study_is_created_run_rated_and_saved(client: TestClient, studio: AppContainer) -> None:
    name = client.post("/tuning/studies", json=STUDY, headers=CSRF_HEADERS).json()["name"]
    assert [study["name"] for study in client.get("/tuning/studies?slug=first-light").json()] == [name]  # fmt: skip
    cost = client.get(f"/tuning/cost?study={name}&trials=2").json()
    assert cost["images"] == 5 * len(
        [study for study in studio.authoring.sample_doodles if study.base_image]
    )
    response = run_trials(client, name, 2)
    assert (response["progress"]["state"], len(response["trials"])) == ("done", 2)
    assert response["study"]["slot"] == "B"
    number = response["trials"][0]["number"]
    sheet = client.get(f"/tuning/trials/{number}.png?study={name}")
    assert Image.open(io.BytesIO(sheet.content)).width > 5 * 128
    rated = client.post(f"/tuning/trials/{number}/stars?study={name}", json={"stars": 5}, headers=CSRF_HEADERS)  # fmt: skip
    assert rated.json() == {"stars": 5}
    stored = client.post(f"/tuning/trials/{number}/keep?study={name}", headers=CSRF_HEADERS).json()
    assert stored == {"slug": "first-light", "number": 2}
    values = response["trials"][0]["values"]
    assert (
        studio.stores.themes.get_version("first-light", 2).preset.recipes.B.sampler
        == values["sampler"]
    )


@pytest.mark.parametrize(
    ("changes", "status", "expected_text"),
    [
        ({"vary": ""}, 400, "Invalid study: search_space"),
        ({"vary": "denoising_strength"}, 400, "is not a valid search space"),
        ({"vary": "denoising_strength=0.5..4"}, 400, "denoising_strength"),
        ({"version": 9}, 404, "has no version 9"),
    ],
)
def test_invalid_study_is_refused(
    client: TestClient, changes: dict[str, object], status: int, expected_text: str
) -> None:
    answer = client.post("/tuning/studies", json=STUDY | changes, headers=CSRF_HEADERS)
    assert (answer.status_code, expected_text in answer.json()["error"]) == (status, True)


def test_changes_need_the_csrf_header(client: TestClient) -> None:
    assert client.post("/tuning/studies", json=STUDY).status_code == 422
    for url in ("run?study=x", "pause?study=x", "trials/0/stars?study=x", "trials/0/keep?study=x"):  # fmt: skip
        body = {"stars": 3} if "stars" in url else {}
        assert client.post(f"/tuning/{url}", json=body).status_code == 422
    assert client.get("/tuning/trials?study=x").status_code == 404
