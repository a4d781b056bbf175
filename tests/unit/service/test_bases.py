"""Base images from outside: checked at the door, their figures found."""

import json

import pytest
from PIL import Image

from studio.bootstrap import Studio
from studio.errors import BadDocument, BadPicture, InputError, NotFound
from studio.imaging.limits import open_png
from studio.recipes.canvas import Keypoints
from studio.service.bases import add_base_image, find_keypoints, read_keypoints
from tests import examples

POINTS: Keypoints = tuple((0.5, index / 20) for index in range(18))


def found(picture: Image.Image) -> Keypoints:
    assert picture.mode == "RGB"
    return POINTS


def none_found(picture: Image.Image) -> Keypoints:
    raise InputError("no figure was found in the picture")


def test_a_picture_becomes_the_last_base_image_with_its_figure_found(studio: Studio) -> None:
    added = add_base_image(studio.bases, "zoe", "Zoë", examples.png((128, 96)), detector=found)
    assert (added.width, added.height, added.keypoints) == (128, 96, POINTS)
    assert list(studio.bases.all())[-1] == added
    assert open_png(studio.bases.png(added), "it").size == (128, 96)


def test_a_request_can_be_made_on_it(studio: Studio) -> None:
    add_base_image(studio.bases, "zoe", "Zoë", examples.png(), detector=found)
    preset = studio.presets.version("first-light").preset
    assert studio.intake.request(preset, "zoe", None).base_image.keypoints == POINTS


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"image_id": "mia"}, InputError, "'mia' already: choose another id"),
        ({"image_id": "../up"}, BadDocument, "cannot be taken: id"),
        ({"name": ""}, BadDocument, "cannot be taken: name"),
        ({"png": b"nothing"}, BadPicture, "the base image is not a PNG"),
        ({"png": examples.png((32, 32))}, BadDocument, "width: should be greater"),
        ({"detector": none_found}, InputError, "no figure was found"),
    ],
)
def test_what_cannot_be_taken_says_why_and_leaves_nothing(
    studio: Studio, change: dict[str, object], error: type[Exception], says: str
) -> None:
    before = list(studio.bases.all())
    values: dict[str, object] = {"image_id": "zoe", "name": "Zoë", "png": examples.png()}
    with pytest.raises(error, match=says):
        add_base_image(studio.bases, **(values | change))  # type: ignore[arg-type]
    assert list(studio.bases.all()) == before


def test_keypoints_are_found_anew_for_an_image_that_is_here(studio: Studio) -> None:
    before = [image.id for image in studio.bases.all()]
    assert find_keypoints(studio.bases, "noah", found).keypoints == POINTS
    assert studio.bases.get("noah").keypoints == POINTS
    assert [image.id for image in studio.bases.all()] == before
    with pytest.raises(NotFound, match="no base image named 'nobody'"):
        find_keypoints(studio.bases, "nobody", found)


def test_keypoints_are_read_as_they_are_listed(studio: Studio) -> None:
    listed = studio.bases.get("mia").model_dump(mode="json")["keypoints"]
    assert read_keypoints(json.dumps(listed).encode()) == studio.bases.get("mia").keypoints


@pytest.mark.parametrize("document", [b"", b"[[0.5, 0.5]]", b'{"nose": 1}', b"[" + b"[2, 2]," * 17 + b"[0,0]]"])  # fmt: skip
def test_what_is_no_keypoints_is_refused(document: bytes) -> None:
    with pytest.raises(BadDocument, match="these are no keypoints"):
        read_keypoints(document)
