"""Restoring generation info from PNG metadata."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.errors import InvalidDocumentError, InvalidImageError
from studio.imaging.png_metadata import png_with_metadata
from studio.recipes.generation.recipe import SeedPolicy
from studio.recipes.themes.preset import SLOTS
from studio.services.rendering.restore import read_generation_info, restore_run
from tests import examples


def with_text(key: str, text: str) -> bytes:
    info = PngInfo()
    info.add_text(key, text)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_own_metadata_takes_precedence() -> None:
    png = png_with_metadata(Image.new("RGB", (64, 64)), examples.variant(seed=5).model_dump_json())
    assert read_generation_info(png, examples.recipe()).seed == 5


def test_a1111_infotext_is_read_where_there_is_no_own_metadata() -> None:
    restored = read_generation_info(
        with_text("parameters", "a dress\nSteps: 9, Seed: 3"), examples.recipe()
    )
    assert (restored.recipe.steps, restored.seed) == (9, 3)


@pytest.mark.parametrize(
    ("png", "error", "text"),
    [
        (b"no picture", InvalidImageError, "Image is not a PNG"),
        (examples.png(), InvalidImageError, "no generation settings"),
        (
            with_text("doodle-theme-studio", "{}"),
            InvalidDocumentError,
            "Image metadata is invalid",
        ),
    ],
)
def test_image_that_cannot_be_restored_is_refused_with_a_reason(
    png: bytes, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        read_generation_info(png, examples.recipe())


def test_a_run_gives_back_its_recipes_prompt_and_seed() -> None:
    fixed = examples.recipe(steps=9, seed_policy=SeedPolicy(mode="fixed", value=3))
    offset = examples.recipe(steps=8, seed_policy=SeedPolicy(mode="offset", value=4))
    made = {"user_prompt": "a gold dress", "theme_prompt": "ink"}
    variants = [
        examples.variant(slot="A", recipe=fixed, seed=3, **made),
        examples.variant(slot="C", recipe=offset, seed=11, **made),
    ]
    restored = restore_run(variants, examples.preset())
    steps = [restored.preset.recipes[slot].steps for slot in SLOTS]
    assert steps == [9, 10, 8, 10]
    assert (restored.user_prompt, restored.preset.theme_prompt) == ("a gold dress", "ink")
    assert restored.seed == 7


def test_a_run_of_before_its_prompt_was_recorded_gives_back_the_users_part() -> None:
    variant = examples.variant(prompt="a gold dress, soft colours", seed=5)
    restored = restore_run([variant], examples.preset(theme_prompt="soft colours"))
    assert (restored.user_prompt, restored.seed) == ("a gold dress", 5)
