"""Validation of recipes, and their JSON form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from studio.errors import InvalidDocumentError
from studio.recipes.base import parse_document
from studio.recipes.generation.recipe import (
    ControlUnit,
    LoraSettings,
    ModelRef,
    Recipe,
    SeedPolicy,
    is_model_name,
)
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES, supports_schedule
from tests import examples

names = st.text(min_size=1, max_size=30).filter(is_model_name)
refs = st.builds(ModelRef, name=names, sha256=st.none() | st.just(examples.HASH))
fractions = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@st.composite
def units(draw: st.DrawFn) -> ControlUnit:
    start, end = draw(fractions)
    return ControlUnit(
        model=draw(refs),
        preprocessor=draw(st.sampled_from(["scribble", "pose"])),
        weight=draw(st.floats(0, 2)),
        start=start,
        end=end,
    )


prompts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)
"""Valid prompts: control characters are refused."""


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    sampler, schedule = draw(
        st.tuples(st.sampled_from(SAMPLERS), st.sampled_from(SCHEDULE_TYPES)).filter(
            lambda pair: supports_schedule(*pair)
        )
    )
    return Recipe(
        base_model=draw(refs),
        vae=draw(st.none() | refs),
        sampler=sampler,
        schedule_type=schedule,
        steps=draw(st.integers(1, 150)),
        guidance_scale=draw(st.floats(1, 30)),
        denoising_strength=draw(st.floats(0, 1)),
        width=8 * draw(st.integers(8, 256)),
        height=8 * draw(st.integers(8, 256)),
        prompt_template=draw(prompts.map(lambda t: t.replace("{prompt}", ""))),
        negative_prompt=draw(prompts),
        loras=tuple(draw(st.lists(st.builds(LoraSettings, model=refs), max_size=3))),
        control_units=tuple(draw(st.lists(units(), max_size=3))),
        seed_policy=draw(st.builds(SeedPolicy, value=st.integers(0, 2**32 - 1))),
    )


@given(recipes())
def test_recipe_json_round_trip(recipe: Recipe) -> None:
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@given(recipes())
def test_json_contains_every_field(recipe: Recipe) -> None:
    names = {field.alias or name for name, field in Recipe.model_fields.items()}
    assert json.loads(recipe.model_dump_json()).keys() == names


# Issue 18, 17: any file name names a model; path separators and control characters do not.
@pytest.mark.parametrize(
    "name",
    ["Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "[a]+100%!", "a..b", "春日 🎨", "a" * 200],
)  # fmt: skip
def test_model_name_may_be_any_file_name(name: str) -> None:
    assert ModelRef.model_validate_json(ModelRef(name=name).model_dump_json()).name == name


@pytest.mark.parametrize(
    "name",
    [
        "", "a" * 201, ".", "..", ".hidden", "../x", "a/b", "a\\b", "/etc", "a\n", "a\0b", "\x1b[2J", "a\x9bb",
        "a\u2028b", "a\u202eb", "a\u2066b",
    ],
)  # fmt: skip
def test_model_name_with_path_or_control_characters_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="invalid model name"):
        ModelRef(name=name)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 151}, "steps"),
        ({"guidance_scale": 0.5}, "guidance_scale"),
        ({"denoising_strength": 1.01}, "denoising_strength"),
        ({"denoising_strength": float("nan")}, "denoising_strength"),
        ({"width": 257}, "width"),
        ({"height": 4096}, "height"),
        ({"sampler": "Euler b"}, "sampler"),
        ({"base_model": {"name": "../../etc/passwd"}}, "base_model.name"),
        ({"base_model": {"name": "x", "sha256": "12"}}, "base_model.sha256"),
        ({"prompt_template": "{prompt} and {prompt}"}, "more than once"),
        (
            {"sampler": "DDIM", "schedule_type": "Karras"},
            "sampler DDIM does not support the schedule type Karras",
        ),
        ({"surprise": 1}, "surprise"),
        ({"version": 3}, "version"),
    ],
)
def test_invalid_field_is_named_in_one_line(changes: dict[str, Any], error: str) -> None:
    document = examples.recipe().model_dump(mode="json") | changes
    with pytest.raises(InvalidDocumentError, match="the recipe is invalid") as caught:
        parse_document(Recipe, json.dumps(document), "the recipe")
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


def test_further_validation_errors_are_counted() -> None:
    with pytest.raises(InvalidDocumentError, match="and 2 more"):
        parse_document(Recipe, json.dumps({f"odd{i}": i for i in range(6)}), "the recipe")


def test_control_unit_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="starting control step 0.6 is after"):
        examples.unit(start=0.6, end=0.4)


@pytest.mark.parametrize(
    ("changes", "active"),
    [({}, True), ({"weight": 0.0}, False), ({"start": 0.5, "end": 0.5}, False)],
)
def test_control_unit_without_weight_or_steps_is_inactive(
    changes: dict[str, Any], active: bool
) -> None:
    assert examples.unit(**changes).is_active is active


@pytest.mark.parametrize(
    ("policy", "request_seed", "seed"),
    [
        (SeedPolicy(), 7, 7),
        (SeedPolicy(mode="shared", value=5), 7, 7),
        (SeedPolicy(mode="offset", value=5), 7, 12),
        (SeedPolicy(mode="offset", value=1), 2**32 - 1, 0),
        (SeedPolicy(mode="fixed", value=5), 7, 5),
    ],
)
def test_seed_policies(policy: SeedPolicy, request_seed: int, seed: int) -> None:
    assert policy.resolve(request_seed) == seed


def test_model_refs_include_inactive_models() -> None:
    recipe = examples.recipe(
        vae=ModelRef(name="v"),
        loras=(LoraSettings(model=ModelRef(name="l"), weight=0),),
        control_units=(examples.unit(weight=0),),
        references=(examples.reference(weight=0, image_encoder=ModelRef(name="e")),),
    )
    assert [(kind, ref.name) for kind, ref in recipe.model_refs] == [
        ("checkpoint", "pocket-ink"),
        ("vae", "v"),
        ("lora", "l"),
        ("controlnet", "pocket-scribble"),
        ("ip_adapter", "plus"),
        ("image_encoder", "e"),
    ]


# Issue 23, 3.
def test_a_reference_needs_an_image_and_a_window_in_order() -> None:
    with pytest.raises(ValidationError, match="a reference has no image"):
        examples.reference(image_sha256=None)
    with pytest.raises(ValidationError, match=r"starting step 0\.8 is after ending step 0\.2"):
        examples.reference(start=0.8, end=0.2)
    with pytest.raises(ValidationError):
        examples.recipe(references=(examples.reference(),) * 5)
    assert [
        examples.reference(**changes).is_active
        for changes in ({}, {"weight": 0}, {"start": 0.5, "end": 0.5})
    ] == [True, False, False]


def test_images_of_units_and_references_are_known_by_their_hashes() -> None:
    recipe = examples.recipe(
        control_units=(
            examples.unit(source="image", image_sha256="ab" * 32),
            examples.unit(image_sha256="cd" * 32),
        ),
        references=(examples.reference(),),
    )
    assert recipe.control_image_hashes == ("ab" * 32, examples.HASH)
