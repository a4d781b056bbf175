"""Differences between presets as messages for operators."""

from typing import Any

import pytest

from studio.messages import message
from studio.recipes.generation.diff import Change, diff_recipes, diff_themes, summarize_changes
from studio.recipes.generation.recipe import (
    FaceRestoration,
    HiresFix,
    LoraSettings,
    MaskSettings,
    ModelRef,
    Recipe,
    SeedPolicy,
)
from studio.recipes.moderation import ModerationPolicy
from tests import examples

POSE, SCRIBBLE = examples.unit("pose"), examples.unit("scribble")


def describe(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    recipes = (examples.recipe(**fields) for fields in (before, after))
    return [str(change) for change in diff_recipes(*recipes)]


def lora(name: str, weight: float = 1.0) -> LoraSettings:
    return LoraSettings(model=ModelRef(name=name), weight=weight)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({}, {}, []),
        ({"steps": 20}, {"steps": 23}, ["Sampling steps: 20 → 23"]),
        ({}, {"name": "Ink, free"}, ["Name: None → Ink, free"]),
        ({"guidance_scale": 7.0}, {"guidance_scale": 6.5}, ["CFG scale: 7 → 6.5"]),
        (
            {"prompt_template": "ink, {prompt}, sharp"},
            {"prompt_template": "ink,  {prompt}, soft , bright"},
            ["Prompt template: sharp → soft, bright"],
        ),
        ({"negative_prompt": ""}, {"negative_prompt": "dull"}, ["Negative prompt: None → dull"]),
        (
            {"negative_prompt": "a, b"},
            {"negative_prompt": "b, a"},
            ["Negative prompt: a, b → b, a"],
        ),
        ({"negative_prompt": "a,  b"}, {"negative_prompt": "a, b,"}, []),
        ({}, {"base_model": ModelRef(name="water")}, ["Base model: pocket-ink → water"]),
        ({}, {"vae": ModelRef(name="soft")}, ["VAE: None → soft"]),
        (
            {"base_model": ModelRef(name="ink", sha256="ab" * 32)},
            {"base_model": ModelRef(name="ink", sha256="cd" * 32)},
            ["Base model: ink (ababababab) → ink (cdcdcdcdcd)"],
        ),
        (
            {"base_model": ModelRef(name="ink", sha256="ab" * 32)},
            {"base_model": ModelRef(name="ink")},
            [],
        ),
        (
            {"loras": (lora("neon"), lora("pastel"))},
            {"loras": (lora("pastel", 0.5), lora("gingham"))},
            ["LoRA: neon → None", "LoRA pastel, Weight: 1 → 0.5", "LoRA: None → gingham"],
        ),
        ({"control_units": (POSE, SCRIBBLE)}, {"control_units": (SCRIBBLE, POSE)}, []),
        (
            {"control_units": (POSE, SCRIBBLE)},
            {"control_units": (examples.unit("pose", weight=0.4, end=0.8),)},
            [
                "Control unit pocket-pose, Weight: 1 → 0.4",
                "Control unit pocket-pose, Ending control step: 1 → 0.8",
                "Control unit: pocket-scribble → None",
            ],
        ),
        (
            {"references": (examples.reference(), examples.reference(purpose="face"))},
            {
                "references": (
                    examples.reference(
                        image_sha256="cd" * 32, image_encoder=ModelRef(name="vit-h")
                    ),
                )
            },
            [
                "Reference plus, Image: ababababab → cdcdcdcdcd",
                "Reference plus, Image encoder: None → vit-h",
                "Reference: plus → None",
            ],
        ),
        (
            {"references": (examples.reference(),)},
            {"references": (examples.reference(purpose="composition", start=0.25),)},
            [
                "Reference plus, Purpose: Style → Composition",
                "Reference plus, Starting step: 0 → 0.25",
            ],
        ),
        (
            {},
            {"seed_policy": SeedPolicy(mode="offset", value=3)},
            ["Seed mode: shared 0 → offset 3"],
        ),
        ({}, {"drift_lock": "correct"}, ["Drift lock: Off → Correct"]),
        ({"upscale": HiresFix(scale_factor=2)}, {"upscale": HiresFix(scale_factor=3)}, []),
        (
            {"face_repair": FaceRestoration(render_size=512)},
            {"face_repair": FaceRestoration(enabled=True, render_size=256)},
            ["Face restoration: Off → On", "Face restoration, render size: 512 → 256"],
        ),
    ],
)
def test_recipe_changes_are_described(
    before: dict[str, Any], after: dict[str, Any], changes: list[str]
) -> None:
    assert describe(before, after) == changes


def test_preset_changes_name_the_slot() -> None:
    before = examples.preset()
    recipes = before.recipes.replace("C", examples.recipe(denoising_strength=0.5))
    after = before.model_copy(update={"recipes": recipes, "theme_prompt": "soft colours, gold"})
    assert [str(change) for change in diff_themes(before, after)] == [
        "Theme prompt: None → gold",
        "C, Denoising strength: 0.75 → 0.5",
    ]
    assert [change.message.text("zh-CN") for change in diff_themes(before, after)] == [
        "主题提示词：无 → gold",
        "C，重绘幅度：0.75 → 0.5",
    ]


def test_equal_presets_have_no_changes() -> None:
    assert diff_themes(examples.preset(), examples.preset()) == ()


def test_summary_has_the_first_changes_and_the_count_of_the_rest() -> None:
    changes = [Change(message("recipe.width"), str(number), "64") for number in range(5)]
    summary = summarize_changes(changes)
    assert str(summary) == "Width: 0 → 64; Width: 1 → 64; Width: 2 → 64; and 2 more"
    assert summary is not None
    assert summary.text("zh-CN") == "宽度：0 → 64；宽度：1 → 64；宽度：2 → 64；另有 2 处"
    assert str(summarize_changes(changes[:1])) == "Width: 0 → 64"
    assert summarize_changes(()) is None


def test_every_recipe_field_is_compared() -> None:
    """Fails for a new field that the diff does not compare."""
    changed: dict[str, Any] = {
        "name": "x", "base_model": ModelRef(name="x"), "vae": ModelRef(name="x"), "sampler": "DDIM",
        "schedule_type": "SGM Uniform", "steps": 99, "guidance_scale": 9.5, "guidance_rescale": 0.7,
        "guidance_end_fraction": 0.3,
        "clip_skip": 5, "deepcache_interval": 4, "denoising_strength": 0.11, "width": 64, "height": 64,
        "prompt_template": "x", "negative_prompt": "x", "loras": (lora("x"),),
        "control_units": (SCRIBBLE,), "references": (examples.reference(),),
        "mask": MaskSettings(area="doodle"), "drift_lock": "measure",
        "upscale": HiresFix(enabled=True),
        "face_repair": FaceRestoration(enabled=True), "seed_policy": SeedPolicy(mode="fixed", value=1),
    }  # fmt: skip
    assert set(changed) == set(Recipe.model_fields) - {"format", "version"}
    for field, value in changed.items():
        assert describe({}, {field: value}), field


def test_every_moderation_policy_field_is_compared() -> None:
    changed: dict[str, Any] = {
        "check_prompts": False, "check_outputs": False, "check_doodles": False, "nsfw_threshold": 0.5, "concept_margin": 0.1,
        "regenerate_withheld": True, "allow_base_uploads": True, "external_moderation": "fail_open",
        "negative_prompt": "gore", "log_blocked_text": False,
    }  # fmt: skip
    assert set(changed) == set(ModerationPolicy.model_fields)
    before = examples.preset()
    for field, value in changed.items():
        policy = before.safety.model_copy(update={field: value})
        assert len(diff_themes(before, before.model_copy(update={"safety": policy}))) == 1, field
