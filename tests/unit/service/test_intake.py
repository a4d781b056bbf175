"""The door checks everything that comes from outside before a job is made."""

import pytest

from studio.bootstrap import Studio
from studio.errors import BadPicture, InputError, NotFound
from studio.recipes.planning import plan
from studio.recipes.preset import Preset
from studio.recipes.recipe import ModelRef
from tests import examples


def test_a_request_is_checked_and_complete(studio: Studio) -> None:
    preset = studio.presets.version("first-light").preset
    asked = studio.intake.request(preset, "mia", examples.png(), "  a red \n dress ", 5, 1)
    assert asked.words == "a red dress"
    assert asked.seed == 5
    assert asked.base_image.keypoints is not None
    assert asked.doodle is not None


def test_without_a_seed_one_is_drawn(studio: Studio) -> None:
    preset = studio.presets.version("first-light").preset
    seeds = {studio.intake.request(preset, "mia", None).seed for _ in range(4)}
    assert len(seeds) > 1


def test_an_empty_doodle_is_the_base_alone(studio: Studio) -> None:
    preset = studio.presets.version("first-light").preset
    assert studio.intake.request(preset, "mia", None).doodle is None


def test_bad_requests_are_refused(studio: Studio) -> None:
    preset = studio.presets.version("first-light").preset
    with pytest.raises(InputError, match="10,000 characters; at most 500"):
        studio.intake.request(preset, "mia", None, "x" * 10_000)
    with pytest.raises(NotFound, match="no base image named 'nobody'"):
        studio.intake.request(preset, "nobody", None)
    with pytest.raises(BadPicture, match="64 x 64"):
        studio.intake.request(preset, "mia", examples.png((64, 64)))
    with pytest.raises(NotFound, match="no checkpoint named 'gone'"):
        studio.intake.request(_with_model(preset, "gone"), "mia", None)
    with pytest.raises(InputError, match="seed -3 is out of range"):
        studio.intake.request(preset, "mia", None, seed=-3)
    for sign in ("\0", "\x1b", "\ud800"):  # Issue 18, 9: from the page and the command line, too.
        with pytest.raises(
            InputError, match="what is asked for in words holds the control character"
        ):
            studio.intake.request(preset, "mia", None, f"a red{sign} dress")


def test_a_units_own_picture_comes_along_as_it_was_kept(studio: Studio) -> None:
    kept = studio.intake.keep_picture(examples.png(colour=(10, 20, 30, 255)))
    asked = studio.intake.request(_reading(studio, kept), "mia", None)
    assert [picture.sha256 for picture in asked.pictures] == [kept]
    assert all(job.picture(kept) == asked.pictures[0].png for job in plan(asked))


def test_an_own_picture_is_looked_at_like_everything_from_outside(studio: Studio) -> None:
    with pytest.raises(BadPicture, match="the picture is not a PNG"):
        studio.intake.keep_picture(b"<svg/>")
    with pytest.raises(NotFound, match=r"picture cdcdcdcdcd is gone"):
        studio.intake.request(_reading(studio, "cd" * 32), "mia", None)


def _reading(studio: Studio, sha256: str) -> Preset:
    """A preset whose recipe C reads a picture of its own."""
    preset = studio.presets.version("first-light").preset
    unit = examples.unit("canny", source="picture", picture=sha256)
    units = (unit.model_copy(update={"model": ModelRef(name="pocket-scribble")}),)
    recipe = preset.recipes.C.model_copy(update={"control_units": units})
    return preset.model_copy(update={"recipes": preset.recipes.replace("C", recipe)})


def _with_model(preset: Preset, name: str) -> Preset:
    """The preset with recipe D on a base model of that name."""
    gone = preset.recipes.D.model_copy(update={"base_model": ModelRef(name=name)})
    return preset.model_copy(update={"recipes": preset.recipes.replace("D", gone)})
