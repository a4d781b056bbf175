"""Recipes from the metadata of images: the studio's own record, and A1111's infotext."""

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


def test_variant_metadata_round_trip() -> None:
    variant = examples.variant(slot="C", seed=17, prompt="a red dress, soft colours")
    info = parse_variant_metadata(variant.model_dump_json(exclude={"request_id", "created_at"}))
    assert info.recipe == variant.recipe
    assert (info.slot, info.base_image, info.seed) == ("C", "mia", 17)
    assert info.extract_user_prompt("soft colours") == "a red dress"
    assert info.unsupported_settings == ()


prompts = st.text(st.characters(categories=["L", "Nd", "Zs"]), max_size=30).map(
    lambda text: " ".join(text.split())
)


@given(
    template=st.sampled_from(["{prompt}", "an avatar in {prompt}, ink", "ink"]),
    user_prompt=prompts,
    theme=prompts,
)
def test_user_prompt_is_extracted_from_the_composed_prompt(
    template: str, user_prompt: str, theme: str
) -> None:
    recipe = examples.recipe(prompt_template=template)
    variant = examples.variant(recipe=recipe, prompt=compose_prompt(recipe, theme, user_prompt))
    extracted = parse_variant_metadata(variant.model_dump_json()).extract_user_prompt(theme)
    if "{prompt}" in template:
        assert compose_prompt(recipe, theme, extracted) == variant.prompt


@pytest.mark.parametrize(
    ("policy", "seed", "request_seed"),
    [
        (SeedPolicy(), 17, 17),
        (SeedPolicy(mode="offset", value=3), 17, 14),
        (SeedPolicy(mode="offset", value=3), 1, 2**32 - 2),
        (SeedPolicy(mode="fixed", value=9), 9, 9),
    ],
)
def test_request_seed_resolves_to_the_image_seed(
    policy: SeedPolicy, seed: int, request_seed: int
) -> None:
    variant = examples.variant(recipe=examples.recipe(seed_policy=policy), seed=seed)
    info = parse_variant_metadata(variant.model_dump_json())
    assert info.request_seed == request_seed
    assert policy.resolve(info.request_seed) == seed


def test_a1111_infotext_is_parsed() -> None:
    info = parse_a1111_infotext(TEXT, examples.recipe(control_units=(examples.unit(),)))
    recipe = info.recipe
    assert recipe.prompt_template == "a (red:1.2) dress, ink, sharp"
    assert recipe.negative_prompt == "blurry, dull"
    assert (recipe.steps, recipe.sampler, recipe.schedule_type) == (23, "DPM++ 2M", "Karras")
    assert (recipe.guidance_scale, recipe.denoising_strength, recipe.clip_skip) == (6.5, 0.62, 2)
    assert (recipe.width, recipe.height) == (512, 768)
    assert recipe.base_model.name == "dream shaper 8"
    assert recipe.control_units == (examples.unit(),)
    assert (info.seed, info.slot, info.base_image) == (12345, None, None)
    assert info.extract_user_prompt("anything") == ""
    assert info.unsupported_settings == ("ControlNet 0", "Model hash", "Version")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("Steps: 5", {"steps": 5, "sampler": "Euler"}),
        ("Steps: 5, Sampler: DPM++ 2M Karras", {"sampler": "DPM++ 2M", "schedule_type": "Karras"}),
        ("Steps: 5, Sampler: Restart", {"sampler": "Euler", "schedule_type": "Automatic"}),
        ("Steps: 5, Size: 500x333", {"width": 496, "height": 336}),
    ],
)
def test_old_and_unknown_settings_fall_back(settings: str, expected: dict[str, Any]) -> None:
    recipe = parse_a1111_infotext(f"a dress\n{settings}", examples.recipe()).recipe
    assert {name: getattr(recipe, name) for name in expected} == expected


@pytest.mark.parametrize("text", ["", "just words", "a dress\nSampler: Euler"])
def test_infotext_without_settings_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocumentError, match="no A1111 generation settings"):
        parse_a1111_infotext(text, examples.recipe())


@pytest.mark.parametrize("settings", ["Steps: many", "Steps: 900", "Steps: 5, CFG scale: high"])
def test_invalid_settings_are_refused(settings: str) -> None:
    with pytest.raises(InvalidDocumentError, match="Invalid settings in the image"):
        parse_a1111_infotext(f"a dress\n{settings}", examples.recipe())


@given(st.text(max_size=200))
def test_any_infotext_is_parsed_or_refused(text: str) -> None:
    try:
        info = parse_a1111_infotext(f"words\nSteps: 5, {text}", examples.recipe())
    except InvalidDocumentError:
        return
    assert isinstance(info.recipe, Recipe)
