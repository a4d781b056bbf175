"""The request factory validates every input before jobs are made."""

import pytest

from studio.app import AppContainer
from studio.errors import InvalidImageError, InvalidInputError, NotFoundError
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import MaskSettings, ModelRef
from studio.recipes.themes.preset import Preset
from tests import examples


def test_request_is_validated_and_complete(studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    request = studio.rendering.request_factory.create(
        preset, "mia", examples.png(), "  a red \n dress ", 5, 1
    )
    assert request.user_prompt == "a red dress"
    assert request.seed == 5
    assert request.base_image.keypoints is not None
    assert request.doodle is not None


def test_missing_seed_is_random(studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    seeds = {studio.rendering.request_factory.create(preset, "mia", None).seed for _ in range(4)}
    assert len(seeds) > 1


def test_request_without_doodle_has_none(studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    assert studio.rendering.request_factory.create(preset, "mia", None).doodle is None


def test_invalid_requests_are_refused(studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    with pytest.raises(InvalidInputError, match="Prompt too long: 10,000 characters"):
        studio.rendering.request_factory.create(preset, "mia", None, "x" * 10_000)
    with pytest.raises(NotFoundError, match="Base image not found: “nobody”"):
        studio.rendering.request_factory.create(preset, "nobody", None)
    with pytest.raises(InvalidImageError, match="64 x 64"):
        studio.rendering.request_factory.create(preset, "mia", examples.png((64, 64)))
    with pytest.raises(NotFoundError, match="Base model not found: “gone”"):
        studio.rendering.request_factory.create(_with_model(preset, "gone"), "mia", None)
    with pytest.raises(InvalidInputError, match="Seed -3 is out of range"):
        studio.rendering.request_factory.create(preset, "mia", None, seed=-3)
    for sign in ("\0", "\x1b", "\ud800"):  # Issue 18, 9: from the page and the command line, too.
        with pytest.raises(InvalidInputError, match="Prompt contains the control character"):
            studio.rendering.request_factory.create(preset, "mia", None, f"a red{sign} dress")


def test_control_image_of_a_unit_is_loaded_from_the_store(studio: AppContainer) -> None:
    sha256 = studio.rendering.request_factory.store_control_image(
        examples.png(color=(10, 20, 30, 255))
    )
    request = studio.rendering.request_factory.create(
        _with_control_image(studio, sha256), "mia", None
    )
    assert [image.sha256 for image in request.control_images] == [sha256]
    assert all(
        job.control_image(sha256) == request.control_images[0].png for job in plan_jobs(request)
    )


def test_control_image_is_validated(studio: AppContainer) -> None:
    with pytest.raises(InvalidImageError, match="Image is not a PNG"):
        studio.rendering.request_factory.store_control_image(b"<svg/>")
    with pytest.raises(NotFoundError, match="Image cdcdcdcdcd is missing"):
        studio.rendering.request_factory.create(_with_control_image(studio, "cd" * 32), "mia", None)


def _with_control_image(studio: AppContainer, sha256: str) -> Preset:
    """A preset whose recipe C has a control unit with an operator's own image."""
    preset = studio.stores.themes.get_version("first-light").preset
    unit = examples.unit("canny", source="image", image_sha256=sha256)
    units = (unit.model_copy(update={"model": ModelRef(name="pocket-scribble")}),)
    recipe = preset.recipes.C.model_copy(update={"control_units": units})
    return preset.model_copy(update={"recipes": preset.recipes.replace("C", recipe)})


def _with_model(preset: Preset, name: str) -> Preset:
    """The preset with another base model in recipe D."""
    recipe = preset.recipes.D.model_copy(update={"base_model": ModelRef(name=name)})
    return preset.model_copy(update={"recipes": preset.recipes.replace("D", recipe)})


# Issue 23, 1 and 7: what is refused later would stay in the queue, and stop it at each start.
def test_what_cannot_be_planned_or_masked_is_refused_before_it_is_stored(
    studio: AppContainer,
) -> None:
    create = studio.rendering.request_factory.create
    preset = studio.stores.themes.get_version("first-light").preset
    mask = MaskSettings(area="doodle", keep_face=True)
    masked = _with_recipe(preset, mask=mask)
    with pytest.raises(InvalidInputError, match="but there is no doodle"):
        create(masked, "mia", None)
    mia = studio.stores.base_images.get("mia")
    png = studio.stores.base_images.read_png(mia)
    studio.stores.base_images.upsert(
        mia.model_copy(update={"id": "nobody", "keypoints": None}), png
    )
    with pytest.raises(InvalidInputError, match="has no pose keypoints"):
        create(masked, "nobody", examples.png())
    by_seed = _with_recipe(preset, prompt_template="{prompt} <lora:pocket-neon:{0.5|9}>")
    refused = 0
    for seed in range(8):
        try:
            create(by_seed, "mia", None, seed=seed)
        except InvalidInputError:
            refused += 1
    assert 0 < refused < 8


def _with_recipe(preset: Preset, **changes: object) -> Preset:
    recipe = preset.recipes["B"].model_copy(update=changes)
    return preset.model_copy(update={"recipes": preset.recipes.replace("B", recipe)})


def test_control_image_with_transparency_is_stored_over_white(studio: AppContainer) -> None:
    """Pixels that nobody sees have any color, mostly black."""
    factory = studio.rendering.request_factory
    sha256 = factory.store_control_image(examples.png(color=(0, 0, 0, 0)))
    stored = decode_png(studio.stores.images.get(sha256), message("image.image"))
    assert set(stored.get_flattened_data()) == {(255, 255, 255)}
