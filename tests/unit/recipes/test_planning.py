"""Planning of a request's four render jobs."""

from typing import Any

import pytest

from studio.errors import InvalidInputError
from studio.recipes.base_image import ZoneImages
from studio.recipes.generation.planning import (
    check_request,
    compose_prompt,
    group_into_batches,
    list_referenced_models,
    plan_jobs,
)
from studio.recipes.generation.recipe import (
    MAX_LORAS,
    ControlUnit,
    FaceRestoration,
    HiresFix,
    LoraSettings,
    MaskSettings,
    ModelRef,
    Recipe,
    SeedPolicy,
)
from studio.recipes.themes.preset import Preset, RecipeSet
from tests import examples


def test_request_becomes_four_jobs() -> None:
    request = examples.request(user_prompt="a red dress", doodle=examples.doodle())
    jobs = plan_jobs(request)
    assert [job.slot for job in jobs] == ["A", "B", "C", "D"]
    for job in jobs:
        assert job.request_id == request.id
        assert job.prompt == "a red dress, soft colours"
        assert job.doodle == request.doodle
        assert job.base_image == request.base_image


def test_jobs_are_grouped_by_base_model() -> None:
    ink, water = (examples.recipe(base_model=ModelRef(name=name)) for name in ("ink", "water"))
    preset = examples.preset(recipes=RecipeSet(A=water, B=ink, C=water, D=ink))
    jobs = plan_jobs(examples.request(preset=preset))
    assert [job.slot for job in jobs] == ["A", "C", "B", "D"]


def test_seeds_follow_the_seed_policies() -> None:
    offset = examples.recipe(seed_policy=SeedPolicy(mode="offset", value=3))
    fixed = examples.recipe(seed_policy=SeedPolicy(mode="fixed", value=99))
    shared = examples.recipe()
    preset = examples.preset(recipes=RecipeSet(A=shared, B=offset, C=fixed, D=shared))
    assert [job.seed for job in plan_jobs(examples.request(preset=preset, seed=7))] == [
        7,
        10,
        99,
        7,
    ]


@pytest.mark.parametrize(
    ("template", "theme", "user_prompt", "composed"),
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
def test_prompt_is_composed(template: str, theme: str, user_prompt: str, composed: str) -> None:
    assert compose_prompt(examples.recipe(prompt_template=template), theme, user_prompt) == composed


@pytest.mark.parametrize("tag", ["<lora:neon:1>", "<lora:ne<lora:x:1>on:1>", "<LORA:neon>"])
def test_lora_tags_in_the_user_prompt_are_ignored(tag: str) -> None:
    preset = examples.preset(theme_prompt="soft <lora:pastel:0.5>")
    jobs = plan_jobs(examples.request(preset=preset, user_prompt=f"a dress {tag}"))
    assert {lora.model.name for job in jobs for lora in job.loras} == {"pastel"}


def unit(**changes: Any) -> ControlUnit:
    return examples.unit("scribble", **changes)


@pytest.mark.parametrize(
    ("changes", "joins"),
    [
        ({"guidance_scale": 3.0}, True),
        ({"guidance_scale": 1.0}, False),
        ({"guidance_end_fraction": 0.5}, False),
        ({"control_units": (unit(weight=0.3),)}, True),
        ({"control_units": (unit(weight=0.0),)}, False),
        ({"control_units": (unit(end=0.5),)}, False),
        ({"control_units": (unit(mode="My prompt is more important"),)}, False),
        ({"control_units": ()}, False),
        ({"sampler": "DDIM"}, False),
        ({"width": 128}, False),
        ({"denoising_strength": 0.1}, False),
        ({"deepcache_interval": 3}, False),
        ({"vae": ModelRef(name="other")}, False),
        ({"clip_skip": 2}, False),
        ({"references": (examples.reference(),)}, False),
    ],
)
def test_what_may_differ_within_a_batch(changes: dict[str, Any], joins: bool) -> None:
    shared = {"guidance_scale": 7.0, "control_units": (unit(),)}
    recipes = [examples.recipe(**shared), examples.recipe(**(shared | changes))]
    jobs = [
        plan_jobs(examples.request(preset=one_recipe(recipe)))[0].model_copy(
            update={"request_id": digit * 32}
        )
        for digit, recipe in zip("ab", recipes, strict=True)
    ]
    assert [len(batch) for batch in group_into_batches(jobs)] == ([2] if joins else [1, 1])


def one_recipe(recipe: Recipe) -> Preset:
    return examples.preset(recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe))


def test_batches_are_no_larger_than_they_may_be() -> None:
    jobs = plan_jobs(examples.request()) * 2
    assert [len(batch) for batch in group_into_batches(jobs, max_size=3)] == [3, 3, 2]


def test_jobs_that_differ_only_in_prompts_and_seed_form_a_batch() -> None:
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
def test_jobs_with_a_second_pass_are_not_batched(changes: dict[str, Any]) -> None:
    recipe = examples.recipe(**changes)
    same = RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)
    jobs = plan_jobs(examples.request(preset=examples.preset(recipes=same)))
    assert [len(batch) for batch in group_into_batches(jobs)] == [1, 1, 1, 1]


def test_jobs_with_different_loras_are_not_batched() -> None:
    jobs = plan_jobs(examples.request())
    lora = LoraSettings(model=ModelRef(name="neon"))
    changed = [jobs[0].model_copy(update={"loras": (lora,)}), *jobs[1:]]
    assert [len(batch) for batch in group_into_batches(changed)] == [1, 3]


MASK = MaskSettings(area="doodle")


@pytest.mark.parametrize(
    ("mask", "request_changes", "code"),
    [
        (MASK, {"doodle": None}, "recipe.mask_without_doodle"),
        (
            MASK.model_copy(update={"keep_face": True}),
            {"base_image": examples.base_image().model_copy(update={"keypoints": None})},
            "recipe.mask_without_keypoints",
        ),
        (MASK.model_copy(update={"area": "garment"}), {}, "recipe.mask_without_zones"),
        (MASK.model_copy(update={"area": "both"}), {}, "recipe.mask_without_zones"),
    ],
)
def test_a_mask_that_cannot_be_made_is_refused_before_work(
    mask: MaskSettings, request_changes: dict[str, Any], code: str
) -> None:
    """Issue 23, 1."""
    recipe = examples.recipe(mask=mask)
    preset = examples.preset(recipes=RecipeSet(A=examples.recipe(), B=recipe, C=recipe, D=recipe))
    request = examples.request(preset=preset, doodle=examples.doodle())
    request = request.model_copy(update=request_changes)
    with pytest.raises(InvalidInputError) as caught:
        check_request(request)
    assert (caught.value.code, caught.value.message.params["slot"]) == (code, "B")
    assert len(plan_jobs(request)) == 4  # What is stored can always be planned again.


def test_clothes_may_change_without_a_doodle() -> None:
    recipe = examples.recipe(mask=MASK.model_copy(update={"area": "garment"}))
    preset = examples.preset(recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe))
    zones = ZoneImages(clothes=examples.png())
    request = examples.request(preset=preset, doodle=None, zone_images=zones)
    check_request(request)
    assert all(job.zone_images == zones for job in plan_jobs(request))


def test_a_mask_that_is_off_needs_neither_doodle_nor_keypoints() -> None:
    recipe = examples.recipe(mask=MaskSettings(keep_face=True))
    preset = examples.preset(recipes=RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe))
    check_request(examples.request(preset=preset).model_copy(update={"doodle": None}))


def make_preset(prompt: str = "", **recipe: Any) -> Preset:
    first = examples.recipe(**recipe)
    return examples.preset(
        theme_prompt=prompt, recipes=RecipeSet(A=first, B=first, C=first, D=first)
    )


# Issue 18, 17 (review 4.8).
def test_loras_from_tags_count_towards_the_limit() -> None:
    own = tuple(LoraSettings(model=ModelRef(name=f"own-{i}")) for i in range(4))
    tags = "".join(f"<lora:called-{i}:0.5>" for i in range(MAX_LORAS - 4))
    assert (
        len(plan_jobs(examples.request(preset=make_preset(tags, loras=own)))[0].loras) == MAX_LORAS
    )
    for preset in (
        make_preset(f"{tags}<lora:one more>", loras=own),
        make_preset(tags, loras=own, prompt_template="<lora:one more> {prompt}"),
        make_preset("<lora:a:1>" * 390),
    ):
        with pytest.raises(InvalidInputError, match="Too many LoRAs in a recipe"):
            plan_jobs(examples.request(preset=preset))


def test_referenced_models_include_lora_tags_once() -> None:
    preset = make_preset(
        "soft <lora:春日 (v2):0.4><lora:春日 (v2)>", prompt_template="<lora:a,b> {prompt}"
    )
    assert list_referenced_models(preset) == (
        ("checkpoint", ModelRef(name="pocket-ink")),
        ("lora", ModelRef(name="a,b")),
        ("lora", ModelRef(name="春日 (v2)")),
    )
    with pytest.raises(InvalidInputError, match=r"Recipe A: Invalid LoRA tag in a prompt: weight"):
        list_referenced_models(make_preset("<lora:a:7>"))
    with pytest.raises(InvalidInputError, match=r"Recipe A: .* invalid model name"):
        list_referenced_models(make_preset("<lora:../a>"))
