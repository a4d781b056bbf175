"""The base images' addresses: uploads with checks, keypoints by hand, retiring."""

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.ui.server import build_app
from tests import examples

OWN = {"X-Studio": "bases"}


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_an_upload_becomes_a_base_image_with_keypoints_placed_by_hand(client: TestClient) -> None:
    png = examples.png((320, 200))
    added = client.post("/bases/zoe?name=Zoe", content=png, headers=OWN).json()
    assert (added["width"], added["height"], added["keypoints"]) == (320, 200, None)
    empty = Image.open(io.BytesIO(client.get("/bases/zoe/pose.png").content))
    assert empty.getbbox() is None
    points = [[0.5, i / 20] if i != 3 else None for i in range(18)]
    assert (
        client.put("/bases/zoe/keypoints", json=points, headers=OWN).json()["keypoints"] == points
    )
    pose = Image.open(io.BytesIO(client.get("/bases/zoe/pose.png").content))
    assert pose.size == (320, 200)
    assert pose.getbbox()
    [listed] = [b for b in client.get("/bases/list").json()["bases"] if b["id"] == "zoe"]
    assert listed["keypoints"] == points


@pytest.mark.parametrize(
    ("address", "body", "status", "said"),
    [
        ("/bases/zoe?name=Zoe", b"no picture", 400, "not a PNG"),
        ("/bases/zoe?name=Zoe", examples.png((20, 20)), 400, "width"),
        ("/bases/mia?name=Mia", examples.png(), 400, "already"),
        ("/bases/..%2Fx?name=x", examples.png(), 404, ""),
        ("/bases/Zoe?name=x", examples.png(), 422, ""),
    ],
)
def test_what_cannot_be_a_base_image_is_refused(
    client: TestClient, address: str, body: bytes, status: int, said: str
) -> None:
    answer = client.post(address, content=body, headers=OWN)
    assert answer.status_code == status
    assert said in answer.json().get("error", said)


@pytest.mark.parametrize("points", [[], [[0.5, 0.5]] * 17, [[2, 0]] * 18, "none"])
def test_what_are_no_keypoints_is_refused(client: TestClient, points: object) -> None:
    assert client.put("/bases/mia/keypoints", json=points, headers=OWN).status_code == 422


def test_a_retired_image_is_not_offered_and_still_there(
    client: TestClient, studio: AppContainer
) -> None:
    assert client.post("/bases/mia/retire", headers=OWN).json()["retired"]
    assert "mia" not in {image.id for image in studio.base_images.list_all()}
    assert studio.base_images.get("mia").name == "Mia"
    points = [[0.5, 0.5]] * 18
    client.put("/bases/mia/keypoints", json=points, headers=OWN)
    assert "mia" in studio.base_images.retired_ids()
    client.post("/bases/mia/retire?retired=false", headers=OWN)
    assert studio.base_images.list_all()[0].id == "mia"


def test_the_last_one_cannot_retire(client: TestClient, studio: AppContainer) -> None:
    *others, last = [image.id for image in studio.base_images.list_all()]
    for image_id in others:
        client.post(f"/bases/{image_id}/retire", headers=OWN)
    answer = client.post(f"/bases/{last}/retire", headers=OWN)
    assert answer.status_code == 400
    assert "last base image" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/bases/zoe?name=Zoe"),
        ("PUT", "/bases/mia/keypoints"),
        ("POST", "/bases/mia/retire"),
    ],
)
def test_only_a_page_of_the_studio_changes_them(
    client: TestClient, method: str, address: str
) -> None:
    assert client.request(method, address, json=[]).status_code == 422
