"""A recipe accepts what can be rendered, refuses the rest by name, and survives JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
shares = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@st.composite
def units(draw: st.DrawFn) -> ControlUnit:
    start, end = draw(shares)
    return ControlUnit(
        model=draw(refs),
        preprocessor=draw(st.sampled_from(["scribble", "pose"])),
        weight=draw(st.floats(0, 2)),
        start=start,
        end=end,
    )


signs = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)
"""What a prompt may hold: control characters are refused."""


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
        prompt_template=draw(signs.map(lambda t: t.replace("{prompt}", ""))),
        negative_prompt=draw(signs),
        loras=tuple(draw(st.lists(st.builds(LoraSettings, model=refs), max_size=3))),
        control_units=tuple(draw(st.lists(units(), max_size=3))),
        seed_policy=draw(st.builds(SeedPolicy, value=st.integers(0, 2**32 - 1))),
    )


@given(recipes())
def test_any_recipe_comes_back_from_json_as_it_was(recipe: Recipe) -> None:
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@given(recipes())
def test_json_holds_every_value_also_those_that_are_off(recipe: Recipe) -> None:
    named = {field.alias or name for name, field in Recipe.model_fields.items()}
    assert json.loads(recipe.model_dump_json()).keys() == named


# Issue 18, 17: what a file may be called names a model; what could leave its folder or a line does not.
@pytest.mark.parametrize(
    "name",
    ["Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "[a]+100%!", "a..b", "春日 🎨", "a" * 200],
)  # fmt: skip
def test_a_model_may_have_any_files_name(name: str) -> None:
    assert ModelRef.model_validate_json(ModelRef(name=name).model_dump_json()).name == name


@pytest.mark.parametrize(
    "name",
    [
        "", "a" * 201, ".", "..", ".hidden", "../x", "a/b", "a\\b", "/etc", "a\n", "a\0b", "\x1b[2J", "a\x9bb",
        "a\u2028b", "a\u202eb", "a\u2066b",
    ],
)  # fmt: skip
def test_no_models_name_leaves_its_folder_or_its_line(name: str) -> None:
    with pytest.raises(ValueError, match="no model can be named so"):
        ModelRef(name=name)


@pytest.mark.parametrize(
    ("changes", "named"),
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
        ({"sampler": "DDIM", "schedule_type": "Karras"}, "DDIM cannot walk the Karras"),
        ({"surprise": 1}, "surprise"),
        ({"version": 3}, "version"),
    ],
)
def test_what_does_not_hold_is_refused_in_one_line_by_name(
    changes: dict[str, Any], named: str
) -> None:
    document = examples.recipe().model_dump(mode="json") | changes
    with pytest.raises(InvalidDocumentError, match="the recipe does not hold") as caught:
        parse_document(Recipe, json.dumps(document), "the recipe")
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_mistakes_are_counted_not_listed() -> None:
    with pytest.raises(InvalidDocumentError, match="and 2 more"):
        parse_document(Recipe, json.dumps({f"odd{i}": i for i in range(6)}), "the recipe")


def test_a_control_unit_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="starting control step 0.6 is after"):
        examples.unit(start=0.6, end=0.4)


@pytest.mark.parametrize(
    ("changes", "active"),
    [({}, True), ({"weight": 0.0}, False), ({"start": 0.5, "end": 0.5}, False)],
)
def test_a_unit_without_weight_or_interval_is_inactive(
    changes: dict[str, Any], active: bool
) -> None:
    assert examples.unit(**changes).is_active is active


@pytest.mark.parametrize(
    ("rule", "of_request", "seed"),
    [
        (SeedPolicy(), 7, 7),
        (SeedPolicy(mode="shared", value=5), 7, 7),
        (SeedPolicy(mode="offset", value=5), 7, 12),
        (SeedPolicy(mode="offset", value=1), 2**32 - 1, 0),
        (SeedPolicy(mode="fixed", value=5), 7, 5),
    ],
)
def test_seed_rules(rule: SeedPolicy, of_request: int, seed: int) -> None:
    assert rule.resolve(of_request) == seed


def test_models_lists_everything_the_recipe_needs() -> None:
    recipe = examples.recipe(
        vae=ModelRef(name="v"),
        loras=(LoraSettings(model=ModelRef(name="l"), weight=0),),
        control_units=(examples.unit(weight=0),),
    )
    assert [(kind, ref.name) for kind, ref in recipe.model_refs] == [
        ("checkpoint", "pocket-ink"),
        ("vae", "v"),
        ("lora", "l"),
        ("controlnet", "pocket-scribble"),
    ]
