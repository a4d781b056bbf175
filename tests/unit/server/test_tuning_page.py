"""The addresses of the page Tuning: a study begun, run, paused, rated, kept."""

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.ui.server import build_app
from tests.waiting import until

OWN = {"X-Studio": "tuning"}
WISH = {"slug": "first-light", "number": 1, "slot": "B", "vary": "denoising_strength=0.4..0.8\nsampler=Euler,UniPC", "objective": "votes"}  # fmt: skip


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def ran(client: TestClient, name: str, trials: int) -> dict[str, Any]:
    client.post(f"/tuning/run?study={name}", json={"trials": trials}, headers=OWN)
    address = f"/tuning/trials?study={name}"
    told: dict[str, Any] = until(
        lambda: client.get(address).json(), lambda it: it["progress"]["state"] != "running"
    )
    return told


def test_a_study_is_begun_run_rated_and_a_trial_kept(
    client: TestClient, studio: AppContainer
) -> None:
    name = client.post("/tuning/studies", json=WISH, headers=OWN).json()["name"]
    assert [each["name"] for each in client.get("/tuning/studies?slug=first-light").json()] == [name]  # fmt: skip
    cost = client.get(f"/tuning/cost?study={name}&trials=2").json()
    assert cost["images"] == 5 * len([each for each in studio.sample_doodles if each.base_image])
    told = ran(client, name, 2)
    assert (told["progress"]["state"], len(told["trials"])) == ("done", 2)
    assert told["study"]["slot"] == "B"
    number = told["trials"][0]["number"]
    sheet = client.get(f"/tuning/trials/{number}.png?study={name}")
    assert Image.open(io.BytesIO(sheet.content)).width > 5 * 128
    rated = client.post(f"/tuning/trials/{number}/stars?study={name}", json={"stars": 5}, headers=OWN)  # fmt: skip
    assert rated.json() == {"stars": 5}
    kept = client.post(f"/tuning/trials/{number}/keep?study={name}", headers=OWN).json()
    assert kept == {"slug": "first-light", "number": 2}
    values = told["trials"][0]["values"]
    assert studio.themes.get_version("first-light", 2).preset.recipes.B.sampler == values["sampler"]


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"vary": ""}, 400, "that is no study: spans"),
        ({"vary": "denoising_strength"}, 400, "nothing to vary"),
        ({"vary": "denoising_strength=0.5..4"}, 400, "denoising_strength"),
        ({"number": 9}, 404, "has no version 9"),
    ],
)
def test_a_study_that_cannot_be_says_why(
    client: TestClient, changes: dict[str, object], status: int, said: str
) -> None:
    answer = client.post("/tuning/studies", json=WISH | changes, headers=OWN)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True)


def test_only_a_page_of_the_studio_changes_anything(client: TestClient) -> None:
    assert client.post("/tuning/studies", json=WISH).status_code == 422
    for address in ("run?study=x", "pause?study=x", "trials/0/stars?study=x", "trials/0/keep?study=x"):  # fmt: skip
        body = {"stars": 3} if "stars" in address else {}
        assert client.post(f"/tuning/{address}", json=body).status_code == 422
    assert client.get("/tuning/trials?study=x").status_code == 404
