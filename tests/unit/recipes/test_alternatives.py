"""Issue 23, 7: alternatives in prompts, chosen by the seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.recipes.generation.alternatives import choose_alternatives, longest_alternatives
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.png_info import parse_variant_metadata
from studio.recipes.generation.recipe import SeedPolicy
from studio.recipes.themes.preset import RecipeSet
from tests import examples

SEEDS = range(400)


def chosen(text: str) -> Counter[str]:
    return Counter(choose_alternatives(text, seed, "theme") for seed in SEEDS)


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("a {red|blue} dress", {"a red dress", "a blue dress"}),
        ("{red|}dress", {"reddress", "dress"}),
        ("{a|b}{c|d}", {"ac", "ad", "bc", "bd"}),
        ("{a {b|c}|d}", {"a b", "a c", "d"}),
        ("{ red | blue }", {"red", "blue"}),
        ("{2::a|1::b}", {"a", "b"}),
        ("an avatar wearing {prompt}", {"an avatar wearing {prompt}"}),
        ("{{prompt}|a coat}", {"{prompt}", "a coat"}),
        ("{open|end", {"{open|end"}),
        ("shut}|end", {"shut}|end"}),
        ("a|b", {"a|b"}),
        ("", {""}),
    ],
)
def test_groups_become_one_of_their_parts(text: str, results: set[str]) -> None:
    assert set(chosen(text)) == results


def test_weights_say_how_often() -> None:
    counts = chosen("{3::red|blue}")
    assert 0.68 < counts["red"] / len(SEEDS) < 0.82
    assert set(chosen("{0::red|blue}")) == {"blue"}


def test_a_seed_means_the_same_everywhere() -> None:
    """These values are stored with variants: they must never change."""
    text = "{red|blue|green|white|black}, {silk|denim}"
    assert [choose_alternatives(text, seed, "theme") for seed in (0, 1, 7, 2**32 - 1)] == [
        "blue, silk",
        "blue, silk",
        "white, denim",
        "black, denim",
    ]


@given(st.text(alphabet="ab{}|: 12\\", max_size=40), st.integers(0, 2**32 - 1))
def test_every_text_can_be_read(text: str, seed: int) -> None:
    once = choose_alternatives(text, seed, "theme")
    assert once == choose_alternatives(text, seed, "theme")
    assert len(once) <= len(text)
    if "|" not in text:
        assert once == text


@given(st.text(alphabet="ab{}| ", max_size=30), st.integers(0, 99))
def test_no_choice_is_longer_than_the_longest(text: str, seed: int) -> None:
    assert len(choose_alternatives(text, seed, "theme")) <= len(longest_alternatives(text))


def test_theme_and_template_vary_and_the_users_words_do_not() -> None:
    recipe = examples.recipe(
        prompt_template="{ink|paint} of {prompt}", negative_prompt="{blur|noise}",
        seed_policy=SeedPolicy(mode="offset", value=1),
    )  # fmt: skip
    preset = examples.preset(
        theme_prompt="{silk|denim}", recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)
    )
    prompts, negatives = set(), set()
    for seed in range(40):
        request = examples.request(preset=preset, user_prompt="{red|blue}", seed=seed)
        job = plan_jobs(request)[0]
        prompts.add(job.prompt)
        negatives.add(job.negative_prompt)
        assert job.prompt == plan_jobs(request)[0].prompt
        assert job.recipe == recipe
    assert prompts == {
        f"{style} of {{red|blue}}, {cloth}"
        for style in ("ink", "paint")
        for cloth in ("silk", "denim")
    }
    assert negatives == {"blur", "noise"}


def test_loras_of_the_chosen_part_alone_are_used() -> None:
    recipe = examples.recipe(prompt_template="{<lora:neon:0.5>|<lora:pastel>} {prompt}")
    preset = examples.preset(recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe))
    names = set()
    for seed in range(20):
        [lora] = plan_jobs(examples.request(preset=preset, seed=seed))[0].loras
        names.add(lora.model.name)
    assert names == {"neon", "pastel"}


@pytest.mark.parametrize("seed", range(6))
def test_the_users_words_are_found_again_in_a_record(seed: int) -> None:
    recipe = examples.recipe(prompt_template="{ink|paint} of {prompt}, {fine|coarse} lines")
    theme = "{silk|denim} and {lace|fur}"
    preset = examples.preset(
        theme_prompt=theme, recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)
    )
    job = plan_jobs(examples.request(preset=preset, user_prompt="a red dress", seed=seed))[0]
    variant = examples.variant(recipe=recipe, prompt=job.prompt, seed=job.seed)
    info = parse_variant_metadata(variant.model_dump_json())
    assert info.extract_user_prompt(theme) == "a red dress"
