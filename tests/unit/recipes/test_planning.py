"""A request and a preset become four resolved jobs."""

from typing import Any

import pytest

from studio.errors import InvalidInputError
from studio.recipes.generation.planning import (
    compose_prompt,
    group_into_batches,
    list_referenced_models,
    plan_jobs,
)
from studio.recipes.generation.recipe import (
    MAX_LORAS,
    FaceRestoration,
    HiresFix,
    LoraSettings,
    ModelRef,
    SeedPolicy,
)
from studio.recipes.themes.preset import Preset, RecipeSet
from tests import examples


def test_four_jobs_carry_what_they_need() -> None:
    asked = examples.request(user_prompt="a red dress", doodle=examples.doodle())
    jobs = plan_jobs(asked)
    assert [job.slot for job in jobs] == ["A", "B", "C", "D"]
    for job in jobs:
        assert job.request_id == asked.id
        assert job.prompt == "a red dress, soft colours"
        assert job.doodle == asked.doodle
        assert job.base_image == asked.base_image


def test_jobs_of_one_base_model_stand_together() -> None:
    ink, water = (examples.recipe(base_model=ModelRef(name=name)) for name in ("ink", "water"))
    preset = examples.preset(recipes=RecipeSet(A=water, B=ink, C=water, D=ink))
    jobs = plan_jobs(examples.request(preset=preset))
    assert [job.slot for job in jobs] == ["A", "C", "B", "D"]


def test_seeds_follow_each_recipes_rule() -> None:
    own = examples.recipe(seed_policy=SeedPolicy(mode="offset", value=3))
    fixed = examples.recipe(seed_policy=SeedPolicy(mode="fixed", value=99))
    plain = examples.recipe()
    preset = examples.preset(recipes=RecipeSet(A=plain, B=own, C=fixed, D=plain))
    assert [job.seed for job in plan_jobs(examples.request(preset=preset, seed=7))] == [
        7,
        10,
        99,
        7,
    ]


@pytest.mark.parametrize(
    ("template", "theme", "words", "joined"),
    [
        ("{prompt}", "soft", "a dress", "a dress, soft"),
        ("{prompt}", "", "a dress", "a dress"),
        ("{prompt}", "soft", "", "soft"),
        ("{prompt}, ink", "soft, ", " a dress,", "a dress, soft, ink"),
        ("ink, {prompt}", "", "", "ink"),
        ("ink drawing", "soft", "a dress", "ink drawing, a dress, soft"),
        ("", "", "", ""),
        ("{prompt}", "", "{prompt} {0} %s", "{prompt} {0} %s"),
    ],
)
def test_prompts_are_joined(template: str, theme: str, words: str, joined: str) -> None:
    assert compose_prompt(examples.recipe(prompt_template=template), theme, words) == joined


@pytest.mark.parametrize("call", ["<lora:neon:1>", "<lora:ne<lora:x:1>on:1>", "<LORA:neon>"])
def test_a_users_words_call_for_no_lora(call: str) -> None:
    preset = examples.preset(theme_prompt="soft <lora:pastel:0.5>")
    jobs = plan_jobs(examples.request(preset=preset, user_prompt=f"a dress {call}"))
    assert {use.model.name for job in jobs for use in job.loras} == {"pastel"}


def test_jobs_that_differ_in_prompts_and_seed_alone_make_a_batch() -> None:
    first = examples.recipe()
    recipes = RecipeSet(
        A=first,
        B=examples.recipe(steps=11),
        C=first.model_copy(update={"seed_policy": SeedPolicy(mode="offset", value=1)}),
        D=first.model_copy(update={"prompt_template": "ink, {prompt}", "negative_prompt": "blur"}),
    )
    jobs = plan_jobs(examples.request(preset=examples.preset(recipes=recipes)))
    assert ["".join(job.slot for job in batch) for batch in group_into_batches(jobs)] == [
        "ACD",
        "B",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"upscale": HiresFix(enabled=True)},
        {"face_repair": FaceRestoration(enabled=True)},
    ],
)
def test_jobs_of_several_passes_are_drawn_alone(changes: dict[str, Any]) -> None:
    recipe = examples.recipe(**changes)
    same = RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)
    jobs = plan_jobs(examples.request(preset=examples.preset(recipes=same)))
    assert [len(batch) for batch in group_into_batches(jobs)] == [1, 1, 1, 1]


def test_other_loras_make_another_batch() -> None:
    jobs = plan_jobs(examples.request())
    lora = LoraSettings(model=ModelRef(name="neon"))
    changed = [jobs[0].model_copy(update={"loras": (lora,)}), *jobs[1:]]
    assert [len(batch) for batch in group_into_batches(changed)] == [1, 3]


def asking(prompt: str = "", **recipe: Any) -> Preset:
    first = examples.recipe(**recipe)
    return examples.preset(
        theme_prompt=prompt, recipes=RecipeSet(A=first, B=first, C=first, D=first)
    )


# Issue 18, 17 (review 4.8).
def test_the_loras_that_prompts_call_count_towards_the_most() -> None:
    own = tuple(LoraSettings(model=ModelRef(name=f"own-{i}")) for i in range(4))
    calls = "".join(f"<lora:called-{i}:0.5>" for i in range(MAX_LORAS - 4))
    assert len(plan_jobs(examples.request(preset=asking(calls, loras=own)))[0].loras) == MAX_LORAS
    for preset in (
        asking(f"{calls}<lora:one more>", loras=own),
        asking(calls, loras=own, prompt_template="<lora:one more> {prompt}"),
        asking("<lora:a:1>" * 390),
    ):
        with pytest.raises(InvalidInputError, match="LoRAs are too many for one recipe"):
            plan_jobs(examples.request(preset=preset))


def test_models_that_prompts_call_are_named_once() -> None:
    preset = asking(
        "soft <lora:春日 (v2):0.4><lora:春日 (v2)>", prompt_template="<lora:a,b> {prompt}"
    )
    assert list_referenced_models(preset) == (
        ("checkpoint", ModelRef(name="pocket-ink")),
        ("lora", ModelRef(name="a,b")),
        ("lora", ModelRef(name="春日 (v2)")),
    )
    with pytest.raises(InvalidInputError, match=r"recipe A: a prompt calls a LoRA wrongly: weight"):
        list_referenced_models(asking("<lora:a:7>"))
    with pytest.raises(InvalidInputError, match=r"recipe A: .* no model can be named so"):
        list_referenced_models(asking("<lora:../a>"))
