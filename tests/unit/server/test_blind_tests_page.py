"""The addresses of the page Votes: drawn beforehand, shown without labels, counted."""

import io
import threading
from pathlib import Path

import pytest
import statsmodels.api  # Here, since its import changes how warnings are taken.
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.recipes.evaluation.blind_test import Candidate
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from studio.ui.server import build_app
from tests.waiting import until

assert statsmodels.api
OWN = {"X-Studio": "votes"}
RECIPES: list[dict[str, object]] = [
    {"slug": "first-light", "number": 1, "slot": slot} for slot in "AC"
]
WHOLE: list[dict[str, object]] = [{"slug": slug, "number": 1} for slug in ("first-light", "picnic")]


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def begun(client: TestClient, entrants: list[dict[str, object]]) -> str:
    made = client.post("/votes", json={"title": "Which?", "entrants": entrants, "author": "ada"}, headers=OWN)  # fmt: skip
    address = f"/votes/{made.json()['id']}"
    until(lambda: client.get(address).json()["drawn"])
    return address


def test_a_contest_is_voted_on_and_told_beside_its_theme(client: TestClient) -> None:
    address = begun(client, RECIPES)
    for number in range(3):
        shown = client.get(f"{address}/ballot?voter=bo").json()
        assert shown["number"] == number
        assert set(shown) == {"number", "doodle"}
        cast = {"voter": "bo", "number": number, "choice": "left"}
        assert client.post(address, json=cast, headers=OWN).json() == {"number": number + 1}
    late = client.post(address, json=cast, headers=OWN)
    assert (late.status_code, "cast already" in late.json()["error"]) == (409, True)
    standing = client.get(f"{address}/standing").json()
    assert {place["label"] for place in standing["places"]} == {"first-light v1 A", "first-light v1 C"}  # fmt: skip
    assert standing["voters"] == [["bo", 3]]
    [contest] = client.get("/themes/first-light").json()["contests"]
    assert contest["title"] == "Which?"
    assert client.get("/themes/picnic").json()["contests"] == []


def test_images_tell_nothing_of_their_making(client: TestClient) -> None:
    address = begun(client, RECIPES)
    for side in ("left", "right", "doodle"):
        answer = client.get(f"{address}/pictures/0/{side}.png?voter=bo")
        image = Image.open(io.BytesIO(answer.content))
        assert image.size == (256, 256)
        assert image.info == {}
    assert client.get(f"{address}/pictures/0/label.png?voter=bo").status_code == 422


def test_whole_versions_stand_with_their_four_images(client: TestClient) -> None:
    address = begun(client, WHOLE)
    answer = client.get(f"{address}/pictures/0/left.png?voter=bo")
    assert Image.open(io.BytesIO(answer.content)).size == (512, 512)


@pytest.mark.parametrize(
    ("entrants", "status", "said"),
    [
        ([RECIPES[0]], 400, "at least 2"),
        ([RECIPES[0], RECIPES[0]], 400, "stands twice"),
        ([RECIPES[0], {"slug": "nobody", "number": 1}], 404, "no preset named"),
        ([RECIPES[0], {"slug": "first-light", "number": 9}], 404, "has no version 9"),
    ],
)
def test_a_contest_that_cannot_be_says_why(
    client: TestClient, entrants: list[dict[str, object]], status: int, said: str
) -> None:
    answer = client.post("/votes", json={"title": "Which?", "entrants": entrants}, headers=OWN)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True)


def test_nobody_votes_without_a_name_or_from_elsewhere(client: TestClient) -> None:
    address = begun(client, RECIPES)
    cast = {"voter": " ", "number": 0, "choice": "left"}
    assert "voter" in client.post(address, json=cast, headers=OWN).json()["error"]
    assert client.post(address, json=cast | {"voter": "bo"}).status_code == 422
    assert client.get("/votes/99").status_code == 404


def test_looking_at_a_contest_draws_nothing(studio: AppContainer) -> None:
    """Issue 18, 14 (security review 1.12): `GET /votes/1` began 80 pictures."""
    entrants = tuple(Candidate.model_validate(each) for each in RECIPES)
    begun = studio.blind_tests.create("Which?", entrants)
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")
    address = f"/votes/{begun.id}"
    for _ in range(2):
        told = client.get(address).json()
        assert (told["drawn"], told["progress"]["state"]) == (False, "stopped")
    assert studio.background_tasks.list_all() == ()
    assert client.post(f"{address}/draw").status_code == 422
    assert client.get(f"{address}/pictures/0/left.png?voter=bo").status_code == 404
    cost = client.get(f"{address}/cost").json()
    assert cost == client.post("/votes/cost", json={"entrants": RECIPES}, headers=OWN).json()
    assert client.post(f"{address}/draw", headers=OWN).json()["progress"]["state"] == "running"
    until(lambda: client.get(address).json()["drawn"])
    assert client.get(f"{address}/cost").json()["kept"] == cost["images"]
    assert client.post(f"{address}/draw", headers=OWN).json()["drawn"]


def test_drawing_that_was_stopped_goes_on_when_it_is_asked_to(home: Path) -> None:
    gate = threading.Semaphore(2)
    studio = create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1, gate=gate))
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")
    body = {"title": "Which?", "entrants": RECIPES}
    address = f"/votes/{client.post('/votes', json=body, headers=OWN).json()['id']}"
    name = f"contest/{address.rsplit('/', 1)[1]}"
    until(lambda: client.get(address).json()["progress"]["done"] >= 2)
    client.post("/system/chores/stop", json={"name": name}, headers=OWN)
    assert client.get(address).json()["progress"]["stopping"]
    gate.release()
    until(lambda: client.get(address).json()["progress"]["state"] != "running")
    assert client.get(address).json()["progress"]["state"] == "stopped"
    client.post(f"{address}/draw", headers=OWN)
    gate.release(1000)
    until(lambda: client.get(address).json()["drawn"])
