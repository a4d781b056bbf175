"""The door checks everything that comes from outside before a job is made."""

import pytest

from studio.app import AppContainer
from studio.errors import InvalidImageError, InvalidInputError, NotFoundError
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.preset import Preset
from tests import examples


def test_a_request_is_checked_and_complete(studio: AppContainer) -> None:
    preset = studio.themes.get_version("first-light").preset
    asked = studio.request_factory.create(preset, "mia", examples.png(), "  a red \n dress ", 5, 1)
    assert asked.user_prompt == "a red dress"
    assert asked.seed == 5
    assert asked.base_image.keypoints is not None
    assert asked.doodle is not None


def test_without_a_seed_one_is_drawn(studio: AppContainer) -> None:
    preset = studio.themes.get_version("first-light").preset
    seeds = {studio.request_factory.create(preset, "mia", None).seed for _ in range(4)}
    assert len(seeds) > 1


def test_an_empty_doodle_is_the_base_alone(studio: AppContainer) -> None:
    preset = studio.themes.get_version("first-light").preset
    assert studio.request_factory.create(preset, "mia", None).doodle is None


def test_bad_requests_are_refused(studio: AppContainer) -> None:
    preset = studio.themes.get_version("first-light").preset
    with pytest.raises(InvalidInputError, match="10,000 characters; at most 500"):
        studio.request_factory.create(preset, "mia", None, "x" * 10_000)
    with pytest.raises(NotFoundError, match="no base image named 'nobody'"):
        studio.request_factory.create(preset, "nobody", None)
    with pytest.raises(InvalidImageError, match="64 x 64"):
        studio.request_factory.create(preset, "mia", examples.png((64, 64)))
    with pytest.raises(NotFoundError, match="no checkpoint named 'gone'"):
        studio.request_factory.create(_with_model(preset, "gone"), "mia", None)
    with pytest.raises(InvalidInputError, match="seed -3 is out of range"):
        studio.request_factory.create(preset, "mia", None, seed=-3)
    for sign in ("\0", "\x1b", "\ud800"):  # Issue 18, 9: from the page and the command line, too.
        with pytest.raises(
            InvalidInputError, match="what is asked for in words holds the control character"
        ):
            studio.request_factory.create(preset, "mia", None, f"a red{sign} dress")


def test_a_units_own_image_comes_along_as_it_was_kept(studio: AppContainer) -> None:
    kept = studio.request_factory.store_control_image(examples.png(color=(10, 20, 30, 255)))
    asked = studio.request_factory.create(_reading(studio, kept), "mia", None)
    assert [image.sha256 for image in asked.control_images] == [kept]
    assert all(job.control_image(kept) == asked.control_images[0].png for job in plan_jobs(asked))


def test_an_own_image_is_looked_at_like_everything_from_outside(studio: AppContainer) -> None:
    with pytest.raises(InvalidImageError, match="the picture is not a PNG"):
        studio.request_factory.store_control_image(b"<svg/>")
    with pytest.raises(NotFoundError, match=r"picture cdcdcdcdcd is gone"):
        studio.request_factory.create(_reading(studio, "cd" * 32), "mia", None)


def _reading(studio: AppContainer, sha256: str) -> Preset:
    """A preset whose recipe C reads a picture of its own."""
    preset = studio.themes.get_version("first-light").preset
    unit = examples.unit("canny", source="image", image_sha256=sha256)
    units = (unit.model_copy(update={"model": ModelRef(name="pocket-scribble")}),)
    recipe = preset.recipes.C.model_copy(update={"control_units": units})
    return preset.model_copy(update={"recipes": preset.recipes.replace("C", recipe)})


def _with_model(preset: Preset, name: str) -> Preset:
    """The preset with recipe D on a base model of that name."""
    gone = preset.recipes.D.model_copy(update={"base_model": ModelRef(name=name)})
    return preset.model_copy(update={"recipes": preset.recipes.replace("D", gone)})
