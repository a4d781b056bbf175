"""A picture's own record, and A1111's text, become recipes again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import InvalidDocumentError
from studio.recipes.generation.planning import compose_prompt
from studio.recipes.generation.png_info import parse_a1111_infotext, parse_variant_metadata
from studio.recipes.generation.recipe import Recipe, SeedPolicy
from tests import examples

TEXT = """a (red:1.2) dress,
ink, sharp
Negative prompt: blurry, dull
Steps: 23, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 12345, Size: 512x768, \
Model hash: abc123, Model: dream shaper 8, Denoising strength: 0.62, Clip skip: 2, \
ControlNet 0: "Module: scribble, Weight: 1, Guidance: (0, 1)", Version: v1.10.1""".replace(
    "\\\n", ""
)


def test_a_record_of_ours_is_read_back_whole() -> None:
    variant = examples.variant(slot="C", seed=17, prompt="a red dress, soft colours")
    made = parse_variant_metadata(variant.model_dump_json(exclude={"request_id", "created"}))
    assert made.recipe == variant.recipe
    assert (made.slot, made.base_image, made.seed) == ("C", "mia", 17)
    assert made.extract_user_prompt("soft colours") == "a red dress"
    assert made.unsupported_settings == ()


words = st.text(st.characters(categories=["L", "Nd", "Zs"]), max_size=30).map(
    lambda text: " ".join(text.split())
)


@given(template=st.sampled_from(["{prompt}", "an avatar in {prompt}, ink", "ink"]), said=words, theme=words)  # fmt: skip
def test_the_users_words_come_back_unless_template_or_theme_swallows_them(
    template: str, said: str, theme: str
) -> None:
    recipe = examples.recipe(prompt_template=template)
    variant = examples.variant(recipe=recipe, prompt=compose_prompt(recipe, theme, said))
    found = parse_variant_metadata(variant.model_dump_json()).extract_user_prompt(theme)
    if "{prompt}" in template:
        assert compose_prompt(recipe, theme, found) == variant.prompt


@pytest.mark.parametrize(
    ("rule", "seed", "asked"),
    [
        (SeedPolicy(), 17, 17),
        (SeedPolicy(mode="offset", value=3), 17, 14),
        (SeedPolicy(mode="offset", value=3), 1, 2**32 - 2),
        (SeedPolicy(mode="fixed", value=9), 9, 9),
    ],
)
def test_the_requests_seed_makes_the_recipe_draw_with_the_images(
    rule: SeedPolicy, seed: int, asked: int
) -> None:
    variant = examples.variant(recipe=examples.recipe(seed_policy=rule), seed=seed)
    made = parse_variant_metadata(variant.model_dump_json())
    assert made.request_seed == asked
    assert rule.resolve(made.request_seed) == seed


def test_a1111s_text_becomes_a_recipe() -> None:
    made = parse_a1111_infotext(TEXT, examples.recipe(control_units=(examples.unit(),)))
    recipe = made.recipe
    assert recipe.prompt_template == "a (red:1.2) dress, ink, sharp"
    assert recipe.negative_prompt == "blurry, dull"
    assert (recipe.steps, recipe.sampler, recipe.schedule_type) == (23, "DPM++ 2M", "Karras")
    assert (recipe.guidance_scale, recipe.denoising_strength, recipe.clip_skip) == (6.5, 0.62, 2)
    assert (recipe.width, recipe.height) == (512, 768)
    assert recipe.base_model.name == "dream shaper 8"
    assert recipe.control_units == (examples.unit(),)
    assert (made.seed, made.slot, made.base_image) == (12345, None, None)
    assert made.extract_user_prompt("anything") == ""
    assert made.unsupported_settings == ("ControlNet 0", "Model hash", "Version")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("Steps: 5", {"steps": 5, "sampler": "Euler"}),
        ("Steps: 5, Sampler: DPM++ 2M Karras", {"sampler": "DPM++ 2M", "schedule_type": "Karras"}),
        ("Steps: 5, Sampler: Restart", {"sampler": "Euler", "schedule_type": "Automatic"}),
        ("Steps: 5, Size: 500x333", {"width": 496, "height": 336}),
    ],
)
def test_older_and_unknown_settings_are_taken_as_near_as_can_be(
    settings: str, expected: dict[str, Any]
) -> None:
    recipe = parse_a1111_infotext(f"a dress\n{settings}", examples.recipe()).recipe
    assert {name: getattr(recipe, name) for name in expected} == expected


@pytest.mark.parametrize("text", ["", "just words", "a dress\nSampler: Euler"])
def test_text_without_settings_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocumentError, match="no line of settings as A1111 writes it"):
        parse_a1111_infotext(text, examples.recipe())


@pytest.mark.parametrize("settings", ["Steps: many", "Steps: 900", "Steps: 5, CFG scale: high"])
def test_settings_that_do_not_hold_are_named(settings: str) -> None:
    with pytest.raises(InvalidDocumentError, match="the picture's settings do not hold"):
        parse_a1111_infotext(f"a dress\n{settings}", examples.recipe())


@given(st.text(max_size=200))
def test_no_text_ends_in_anything_but_a_recipe_or_a_plain_refusal(text: str) -> None:
    try:
        made = parse_a1111_infotext(f"words\nSteps: 5, {text}", examples.recipe())
    except InvalidDocumentError:
        return
    assert isinstance(made.recipe, Recipe)
