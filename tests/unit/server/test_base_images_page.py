"""Base images by session: uploads and their validation, keypoints, zones, retiring."""

import base64
import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.ui.server import build_app
from tests import examples

CSRF_HEADERS = {"X-Studio": "page"}
BASE_IMAGES = "/api/v1/base-images"


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_upload_becomes_a_base_image_with_keypoints(client: TestClient) -> None:
    png = examples.png((320, 200))
    added = client.post(f"{BASE_IMAGES}/zoe?name=Zoe", content=png, headers=CSRF_HEADERS).json()
    assert (added["width"], added["height"], added["keypoints"]) == (320, 200, None)
    empty = Image.open(io.BytesIO(client.get(f"{BASE_IMAGES}/zoe/pose-map.png").content))
    assert empty.getbbox() is None
    points = [[0.5, i / 20] if i != 3 else None for i in range(18)]
    assert (
        client.put(f"{BASE_IMAGES}/zoe/keypoints", json=points, headers=CSRF_HEADERS).json()[
            "keypoints"
        ]
        == points
    )
    pose = Image.open(io.BytesIO(client.get(f"{BASE_IMAGES}/zoe/pose-map.png").content))
    assert pose.size == (320, 200)
    assert pose.getbbox()
    [listed] = [b for b in client.get(BASE_IMAGES).json()["base_images"] if b["id"] == "zoe"]
    assert listed["keypoints"] == points


def test_a_base_image_is_also_served_small(client: TestClient) -> None:
    [mia] = [b for b in client.get(BASE_IMAGES).json()["base_images"] if b["id"] == "mia"]
    small = client.get(f"{mia['thumbnail']}&size=96")
    assert small.headers["content-type"] == "image/webp"
    assert "immutable" in small.headers["cache-control"]
    assert max(Image.open(io.BytesIO(small.content)).size) == 96
    assert "immutable" not in client.get(f"{BASE_IMAGES}/mia.webp").headers["cache-control"]


@pytest.mark.parametrize(
    ("url", "body", "status", "expected_text"),
    [
        (f"{BASE_IMAGES}/zoe?name=Zoe", b"no picture", 422, "not a PNG"),
        (f"{BASE_IMAGES}/zoe?name=Zoe", examples.png((20, 20)), 422, "width"),
        (f"{BASE_IMAGES}/mia?name=Mia", examples.png(), 422, "already"),
        (f"{BASE_IMAGES}/..%2Fx?name=x", examples.png(), 404, ""),
        (f"{BASE_IMAGES}/Zoe?name=x", examples.png(), 422, ""),
    ],
)
def test_invalid_base_image_is_refused(
    client: TestClient, url: str, body: bytes, status: int, expected_text: str
) -> None:
    answer = client.post(url, content=body, headers=CSRF_HEADERS)
    assert answer.status_code == status
    assert expected_text in answer.json()["detail"]


@pytest.mark.parametrize("points", [[], [[0.5, 0.5]] * 17, [[2, 0]] * 18, "none"])
def test_invalid_keypoints_are_refused(client: TestClient, points: object) -> None:
    assert (
        client.put(f"{BASE_IMAGES}/mia/keypoints", json=points, headers=CSRF_HEADERS).status_code
        == 422
    )


def mask_of(
    left: int, top: int, right: int, bottom: int, size: tuple[int, int] = (256, 256)
) -> str:
    """A mask in base64 that is white in a box."""
    area = Image.new("L", size)
    area.paste(255, (left, top, right, bottom))
    buffer = io.BytesIO()
    area.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


# Issue 23, 1.
def test_zones_are_read_and_replaced_together(client: TestClient) -> None:
    body = {"clothes": mask_of(90, 120, 170, 200), "protected": None}
    changed = client.put(f"{BASE_IMAGES}/mia/zones", json=body, headers=CSRF_HEADERS).json()
    assert changed["protected_zone"] is None
    answer = client.get(changed["clothes_zone"])
    assert "immutable" in answer.headers["Cache-Control"]
    assert Image.open(io.BytesIO(answer.content)).getbbox() == (90, 120, 170, 200)
    [listed] = [b for b in client.get(BASE_IMAGES).json()["base_images"] if b["id"] == "mia"]
    assert listed == changed
    gone = client.get(f"{BASE_IMAGES}/mia/zones/protected.png")
    assert (gone.status_code, gone.json()["code"]) == (404, "image.zone_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"clothes": mask_of(1, 1, 9, 9, size=(64, 64))}, "image.zone_size"),
        ({"clothes": "%%%"}, "image.not_base64"),
        ({"protected": base64.b64encode(b"<svg/>").decode()}, "image.not_png"),
    ],
)
def test_masks_that_do_not_fit_are_refused(
    client: TestClient, body: dict[str, str], code: str
) -> None:
    before = client.get(BASE_IMAGES).json()
    answer = client.put(f"{BASE_IMAGES}/mia/zones", json=body, headers=CSRF_HEADERS)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get(BASE_IMAGES).json() == before


def test_zones_are_proposed_by_keypoints_and_not_stored(client: TestClient) -> None:
    before = client.get(BASE_IMAGES).json()
    answer = client.post(f"{BASE_IMAGES}/noah/propose-zones", headers=CSRF_HEADERS)
    masks = answer.json()
    for zone in ("clothes", "protected"):
        image = Image.open(io.BytesIO(base64.b64decode(masks[zone])))
        assert (image.mode, image.size) == ("L", (256, 256))
    assert client.get(BASE_IMAGES).json() == before
    client.post(f"{BASE_IMAGES}/zoe?name=Zoe", content=examples.png(), headers=CSRF_HEADERS)
    bare = client.post(f"{BASE_IMAGES}/zoe/propose-zones", headers=CSRF_HEADERS)
    assert (bare.status_code, bare.json()["code"]) == (422, "image.zones_need_keypoints")
    url = f"{BASE_IMAGES}/noah/propose-zones?segmenter=none"
    assert client.post(url, headers=CSRF_HEADERS).status_code == 404


def test_retired_image_is_kept_but_not_offered(client: TestClient, studio: AppContainer) -> None:
    assert client.put(f"{BASE_IMAGES}/mia/retired?retired=true", headers=CSRF_HEADERS).json()[
        "retired"
    ]
    assert "mia" not in {image.id for image in studio.stores.base_images.list_all()}
    assert studio.stores.base_images.get("mia").name == "Mia"
    points = [[0.5, 0.5]] * 18
    client.put(f"{BASE_IMAGES}/mia/keypoints", json=points, headers=CSRF_HEADERS)
    assert "mia" in studio.stores.base_images.retired_ids()
    client.put(f"{BASE_IMAGES}/mia/retired?retired=false", headers=CSRF_HEADERS)
    assert studio.stores.base_images.list_all()[0].id == "mia"


def test_last_base_image_cannot_be_retired(client: TestClient, studio: AppContainer) -> None:
    *others, last = [image.id for image in studio.stores.base_images.list_all()]
    for image_id in others:
        client.put(f"{BASE_IMAGES}/{image_id}/retired?retired=true", headers=CSRF_HEADERS)
    answer = client.put(f"{BASE_IMAGES}/{last}/retired?retired=true", headers=CSRF_HEADERS)
    assert answer.status_code == 422
    assert "last base image" in answer.json()["detail"]
