"""Control map previews before rendering."""

import io

from PIL import Image

from studio.services.rendering.control_map_preview import preview_control_maps
from tests import examples


def size(png: bytes | None) -> tuple[int, int]:
    assert png is not None
    return Image.open(io.BytesIO(png)).size


def test_each_unit_has_a_preview_of_the_recipe_size() -> None:
    units = (examples.unit("scribble"), examples.unit("pose", weight=0.0))
    job = examples.job(
        recipe=examples.recipe(control_units=units, width=128, height=192),
        doodle=examples.doodle(),
    )
    maps = preview_control_maps(job, examples.png())
    assert [size(preview.png) for preview in maps] == [(128, 192)] * 2
    assert [preview.reason for preview in maps] == [None, None]


def test_unit_without_a_control_map_has_a_reason() -> None:
    units = (examples.unit("scribble"), examples.unit("pose"))
    without_keypoints = examples.base_image(keypoints=None)
    job = examples.job(
        recipe=examples.recipe(control_units=units), base_image=without_keypoints, doodle=None
    )
    scribble, pose = preview_control_maps(job, examples.png())
    assert scribble.png is None
    assert "Nothing drawn" in str(scribble.reason)
    assert pose.png is None
    assert "no keypoints" in str(pose.reason)
