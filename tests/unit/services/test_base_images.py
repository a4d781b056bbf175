"""Base images: validation of uploads, and pose keypoints."""

import json

import pytest
from PIL import Image

from studio.app import AppContainer
from studio.errors import InvalidDocumentError, InvalidImageError, InvalidInputError, NotFoundError
from studio.imaging.png_io import decode_png
from studio.recipes.base_image import Keypoints
from studio.services.base_images import add_base_image, detect_keypoints, parse_keypoints
from tests import examples

POINTS: Keypoints = tuple((0.5, index / 20) for index in range(18))


def detect(image: Image.Image) -> Keypoints:
    assert image.mode == "RGB"
    return POINTS


def detect_nothing(image: Image.Image) -> Keypoints:
    raise InvalidInputError("No character found")


def test_added_base_image_comes_last_and_has_detected_keypoints(studio: AppContainer) -> None:
    added = add_base_image(
        studio.stores.base_images, "zoe", "Zoë", examples.png((128, 96)), detector=detect
    )
    assert (added.width, added.height, added.keypoints) == (128, 96, POINTS)
    assert list(studio.stores.base_images.list_all())[-1] == added
    assert decode_png(studio.stores.base_images.read_png(added), "it").size == (128, 96)


def test_request_can_use_an_added_base_image(studio: AppContainer) -> None:
    add_base_image(studio.stores.base_images, "zoe", "Zoë", examples.png(), detector=detect)
    preset = studio.stores.themes.get_version("first-light").preset
    assert (
        studio.rendering.request_factory.create(preset, "zoe", None).base_image.keypoints == POINTS
    )


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"image_id": "mia"}, InvalidInputError, "Base image “mia” already exists"),
        ({"image_id": "../up"}, InvalidDocumentError, "Invalid base image: id"),
        ({"name": ""}, InvalidDocumentError, "Invalid base image: name"),
        ({"png": b"nothing"}, InvalidImageError, "Base image is not a PNG"),
        ({"png": examples.png((32, 32))}, InvalidDocumentError, "width: must be at least 64"),
        ({"detector": detect_nothing}, InvalidInputError, "No character found"),
    ],
)
def test_invalid_base_image_is_refused_and_nothing_is_stored(
    studio: AppContainer, change: dict[str, object], error: type[Exception], message: str
) -> None:
    before = list(studio.stores.base_images.list_all())
    values: dict[str, object] = {"image_id": "zoe", "name": "Zoë", "png": examples.png()}
    with pytest.raises(error, match=message):
        add_base_image(studio.stores.base_images, **(values | change))  # type: ignore[arg-type]
    assert list(studio.stores.base_images.list_all()) == before


def test_keypoints_of_a_stored_base_image_can_be_detected_again(studio: AppContainer) -> None:
    before = [image.id for image in studio.stores.base_images.list_all()]
    assert detect_keypoints(studio.stores.base_images, "noah", detect).keypoints == POINTS
    assert studio.stores.base_images.get("noah").keypoints == POINTS
    assert [image.id for image in studio.stores.base_images.list_all()] == before
    with pytest.raises(NotFoundError, match="Base image not found: “nobody”"):
        detect_keypoints(studio.stores.base_images, "nobody", detect)


def test_keypoints_round_trip_through_json(studio: AppContainer) -> None:
    listed = studio.stores.base_images.get("mia").model_dump(mode="json")["keypoints"]
    assert (
        parse_keypoints(json.dumps(listed).encode())
        == studio.stores.base_images.get("mia").keypoints
    )


@pytest.mark.parametrize(
    "document", [b"", b"[[0.5, 0.5]]", b'{"nose": 1}', b"[" + b"[2, 2]," * 17 + b"[0,0]]"]
)
def test_invalid_keypoints_document_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidDocumentError, match="Invalid keypoints"):
        parse_keypoints(document)
