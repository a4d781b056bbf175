"""Tuning by session: create a study, run and cancel trials, rate them, save one."""

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.ui.server import build_app
from tests.waiting import until

CSRF_HEADERS = {"X-Studio": "page"}
TUNING = "/api/v1/tuning"
STUDY = {"slug": "first-light", "version": 1, "slot": "B", "vary": "denoising_strength=0.4..0.8\nsampler=Euler,UniPC", "objective": "ratings"}  # fmt: skip


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def run_trials(client: TestClient, name: str, trials: int) -> dict[str, Any]:
    client.post(f"{TUNING}/trials?study={name}", json={"trials": trials}, headers=CSRF_HEADERS)
    url = f"{TUNING}/trials?study={name}"
    response: dict[str, Any] = until(
        lambda: client.get(url).json(), lambda it: it["progress"]["state"] != "running"
    )
    return response


def test_study_is_created_run_rated_and_saved(client: TestClient, studio: AppContainer) -> None:
    name = client.post(f"{TUNING}/studies", json=STUDY, headers=CSRF_HEADERS).json()["name"]
    assert [study["name"] for study in client.get(f"{TUNING}/studies?slug=first-light").json()] == [name]  # fmt: skip
    cost = client.get(f"{TUNING}/cost?study={name}&trials=2").json()
    assert cost["images"] == 5 * len(
        [study for study in studio.authoring.sample_doodles if study.base_image]
    )
    response = run_trials(client, name, 2)
    assert (response["progress"]["state"], len(response["trials"])) == ("done", 2)
    assert response["study"]["slot"] == "B"
    index = response["trials"][0]["index"]
    sheet = client.get(f"{TUNING}/trials/{index}.png?study={name}")
    assert Image.open(io.BytesIO(sheet.content)).width > 5 * 128
    rated = client.put(f"{TUNING}/trials/{index}/rating?study={name}", json={"stars": 5}, headers=CSRF_HEADERS)  # fmt: skip
    assert rated.json() == {"stars": 5}
    stored = client.post(f"{TUNING}/trials/{index}/save?study={name}", headers=CSRF_HEADERS).json()
    assert stored == {"slug": "first-light", "version": 2}
    values = response["trials"][0]["values"]
    assert (
        studio.stores.themes.get_version("first-light", 2).preset.recipes.B.sampler
        == values["sampler"]
    )


@pytest.mark.parametrize(
    ("changes", "status", "expected_text"),
    [
        ({"vary": ""}, 422, "Invalid study: search_space"),
        ({"vary": "denoising_strength"}, 422, "is not a valid search space"),
        ({"vary": "denoising_strength=0.5..4"}, 422, "denoising_strength"),
        ({"version": 9}, 404, "has no version 9"),
    ],
)
def test_invalid_study_is_refused(
    client: TestClient, changes: dict[str, object], status: int, expected_text: str
) -> None:
    answer = client.post(f"{TUNING}/studies", json=STUDY | changes, headers=CSRF_HEADERS)
    assert (answer.status_code, expected_text in answer.json()["detail"]) == (status, True)


def test_unknown_study_is_not_found(client: TestClient) -> None:
    assert client.get(f"{TUNING}/trials?study=x").status_code == 404
