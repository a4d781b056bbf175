"""Documents that older versions stored are read as if they were written today (issue 19, 2).

`first_light_format_2.json` is the shipped preset as it was in format 2, before fields were renamed.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from studio.recipes import base_image, moderation
from studio.recipes.base import StoredModel, parse_document
from studio.recipes.evaluation import blind_test, reports, tuning
from studio.recipes.generation import job, recipe
from studio.recipes.generation.png_info import parse_variant_metadata
from studio.recipes.generation.sweep import set_by_path
from studio.recipes.old_formats import OLD_FIELDS, OLD_VALUES, upgrade_field_path, upgrade_fields
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS, Preset
from studio.recipes.themes.theme_file import parse_theme_file
from studio.settings import bundled_path
from tests import examples

Document = dict[str, Any]
OLD_PRESET = Path(__file__).with_name("first_light_format_2.json")

OLD_UNIT: Document = {
    "model": {"name": "net"},
    "preprocessor": "canny",
    "source": "picture",
    "picture": examples.HASH,
}
NEW_UNIT: Document = {
    "model": {"name": "net"},
    "preprocessor": "canny",
    "source": "image",
    "image_sha256": examples.HASH,
}
OLD_RECIPE: Document = {
    "schema": "doodle-theme-studio/recipe",
    "version": 1,
    "base_model": {"name": "ink"},
    "strength": 0.4,
    "guidance_end": 0.7,
    "deep_cache": 3,
    "control_units": [OLD_UNIT],
    "upscale": {"enabled": True, "factor": 3.0, "strength": 0.2},
    "face_repair": {"enabled": True, "strength": 0.3, "blur": 8, "size": 256},
    "seed_rule": {"kind": "offset", "value": 5},
}
NEW_RECIPE: Document = {
    "schema": "doodle-theme-studio/recipe",
    "version": 2,
    "base_model": {"name": "ink"},
    "denoising_strength": 0.4,
    "guidance_end_fraction": 0.7,
    "deepcache_interval": 3,
    "control_units": [NEW_UNIT],
    "upscale": {"enabled": True, "scale_factor": 3.0, "denoising_strength": 0.2},
    "face_repair": {
        "enabled": True,
        "denoising_strength": 0.3,
        "mask_blur": 8,
        "render_size": 256,
    },
    "seed_policy": {"mode": "offset", "value": 5},
}
OLD_POLICY: Document = {
    "words": False,
    "pictures": False,
    "doodles": False,
    "threshold": 0.5,
    "margin": 0.1,
    "refill": True,
    "uploads": True,
    "moderation": "pass",
    "keep_words": False,
}
NEW_POLICY: Document = {
    "check_prompts": False,
    "check_outputs": False,
    "check_doodles": False,
    "nsfw_threshold": 0.5,
    "concept_margin": 0.1,
    "regenerate_withheld": True,
    "allow_base_uploads": True,
    "external_moderation": "fail_open",
    "log_blocked_text": False,
}
PRESET: Document = {
    "schema": "doodle-theme-studio/preset",
    "slug": "spring",
    "name": "Spring",
}
OLD_DOCUMENT: Document = PRESET | {
    "version": 2,
    "prompt": "soft",
    "safety": OLD_POLICY,
    "recipes": dict.fromkeys(SLOTS, OLD_RECIPE),
}
NEW_DOCUMENT: Document = PRESET | {
    "version": 3,
    "theme_prompt": "soft",
    "safety": NEW_POLICY,
    "recipes": dict.fromkeys(SLOTS, NEW_RECIPE),
}
BASE_IMAGE: Document = json.loads(examples.base_image().model_dump_json())
OLD_DOODLE: Document = {"png": "aW1n", "width": 256, "height": 256}
NEW_DOODLE: Document = {"png_bytes": "aW1n", "width": 256, "height": 256}
REQUEST: Document = {"id": examples.REQUEST_ID, "base_image": BASE_IMAGE, "seed": 7}
CONTROL_IMAGE: Document = {"sha256": examples.HASH, "png": "aW1n"}
VARIANT: Document = {
    "request_id": examples.REQUEST_ID,
    "prompt": "a red dress",
    "negative_prompt": "",
    "seed": 7,
    "base_image": "mia",
    "doodle_sha256": None,
    "models": [],
    "notes": ["drawn in one batch of 2"],
}
DECISION: Document = {
    "verdict": "block",
    "client": "game",
    "request_id": examples.REQUEST_ID,
    "theme": "spring",
}
CREATED = "2026-01-02T00:00:00Z"
STARTS, ENDS = "2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z"
OLD_METRICS: Document = {"likeness": 9.5, "diversity": 20.0, "of_seeds": 12.0}
NEW_METRICS: Document = {"color_error": 9.5, "diversity": 20.0, "seed_diversity": 12.0}
REGION: Document = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}
OLD_COMPARISON: Document = {
    "doodle": "dress",
    "seed": 1,
    "letter": "B",
    "difference": 3.5,
    "places": [REGION | {"difference": 8.0}],
}
NEW_COMPARISON: Document = {
    "doodle": "dress",
    "seed": 1,
    "slot": "B",
    "delta_e": 3.5,
    "changed_regions": [REGION | {"delta_e": 8.0}],
}
CASE: Document = {"doodle": "one-dot", "base_image": "mia", "score": None}

PAIRS: dict[type[StoredModel], tuple[Document, Document]] = {
    Preset: (OLD_DOCUMENT, NEW_DOCUMENT),
    recipe.Recipe: (OLD_RECIPE, NEW_RECIPE),
    recipe.ControlUnit: (OLD_UNIT, NEW_UNIT),
    recipe.HiresFix: (OLD_RECIPE["upscale"], NEW_RECIPE["upscale"]),
    recipe.FaceRestoration: (OLD_RECIPE["face_repair"], NEW_RECIPE["face_repair"]),
    recipe.SeedPolicy: (OLD_RECIPE["seed_rule"], NEW_RECIPE["seed_policy"]),
    moderation.ModerationPolicy: (OLD_POLICY, NEW_POLICY),
    base_image.Doodle: (OLD_DOODLE, NEW_DOODLE),
    job.GenerationRequest: (
        REQUEST
        | {
            "doodle": OLD_DOODLE,
            "words": "a red dress",
            "preset": OLD_DOCUMENT,
            "preset_version": 3,
            "pictures": [CONTROL_IMAGE],
            "order_sha256": examples.HASH,
        },
        REQUEST
        | {
            "doodle": NEW_DOODLE,
            "user_prompt": "a red dress",
            "preset": NEW_DOCUMENT,
            "theme_version": 3,
            "control_images": [CONTROL_IMAGE],
            "body_sha256": examples.HASH,
        },
    ),
    job.Timings: (
        {"load": 1.5, "render": 2.5},
        {"load_seconds": 1.5, "render_seconds": 2.5},
    ),
    job.Variant: (
        VARIANT
        | {
            "letter": "C",
            "recipe": OLD_RECIPE,
            "preset": "spring",
            "preset_version": 3,
            "timings": {"load": 1.5, "render": 2.5},
            "tokens": 5,
            "picture_sha256": examples.HASH,
            "created": CREATED,
        },
        VARIANT
        | {
            "slot": "C",
            "recipe": NEW_RECIPE,
            "theme_slug": "spring",
            "theme_version": 3,
            "timings": {"load_seconds": 1.5, "render_seconds": 2.5},
            "prompt_tokens": 5,
            "image_sha256": examples.HASH,
            "created_at": CREATED,
        },
    ),
    DeploymentSpec: (
        {
            "slug": "spring",
            "number": 3,
            "trial": 4,
            "trial_share": 10,
            "starts": STARTS,
            "ends": ENDS,
            "forced": True,
            "fallback": True,
        },
        {
            "slug": "spring",
            "version": 3,
            "canary_version": 4,
            "canary_percent": 10,
            "starts_at": STARTS,
            "ends_at": ENDS,
            "bypassed_checks": True,
            "fallback_to_previous": True,
        },
    ),
    reports.RobustnessReport: (
        {"cells": [CASE | {"letter": "A", "kept": False, "why": "no memory"}]},
        {"cases": [CASE | {"slot": "A", "passed": False, "failure_reason": "no memory"}]},
    ),
    reports.RobustnessCase: (
        CASE | {"letter": "A", "kept": False, "why": "no memory"},
        CASE | {"slot": "A", "passed": False, "failure_reason": "no memory"},
    ),
    reports.ChangedRegion: (REGION | {"difference": 8.0}, REGION | {"delta_e": 8.0}),
    reports.ImageComparison: (OLD_COMPARISON, NEW_COMPARISON),
    reports.QualityMetrics: (OLD_METRICS, NEW_METRICS),
    reports.RegressionReport: (
        {
            "against": 2,
            "cells": [OLD_COMPARISON],
            "looks": OLD_METRICS,
            "looks_against": OLD_METRICS,
            "seen_by": ["ada"],
        },
        {
            "baseline_version": 2,
            "comparisons": [NEW_COMPARISON],
            "metrics": NEW_METRICS,
            "baseline_metrics": NEW_METRICS,
            "reviewed_by": ["ada"],
        },
    ),
    moderation.ModerationDecision: (
        DECISION
        | {
            "stage": "picture",
            "said": "gore",
            "created": CREATED,
            "letter": "B",
            "picture_sha256": examples.HASH,
        },
        DECISION
        | {
            "stage": "image",
            "input_text": "gore",
            "created_at": CREATED,
            "slot": "B",
            "image_sha256": examples.HASH,
        },
    ),
    moderation.WordMatch: (
        {"entry": "gun", "severity": "mask", "start": 0, "end": 3},
        {"entry": "gun", "action": "mask", "start": 0, "end": 3},
    ),
    moderation.Review: (
        {"reviewer": "ada", "wrong": True, "note": "harmless"},
        {"reviewer": "ada", "is_false_positive": True, "note": "harmless"},
    ),
    ApiClient: (
        {"name": "game", "per_minute": 5, "per_day": 50, "in_flight": 2},
        {
            "name": "game",
            "requests_per_minute": 5,
            "requests_per_day": 50,
            "max_concurrent_requests": 2,
        },
    ),
    tuning.TuningStudy: (
        {
            "slug": "spring",
            "number": 3,
            "letter": "D",
            "spans": [{"field": "strength", "low": 0.4, "high": 0.8}],
        },
        {
            "slug": "spring",
            "version": 3,
            "slot": "D",
            "search_space": [{"field": "denoising_strength", "low": 0.4, "high": 0.8}],
        },
    ),
    blind_test.Candidate: (
        {"slug": "spring", "number": 3, "letter": "A"},
        {"slug": "spring", "version": 3, "slot": "A"},
    ),
}

RENAMED = [(model, old) for model in PAIRS for old in OLD_FIELDS[model.__name__]]


def parse(model: type[BaseModel], document: Document) -> BaseModel:
    return parse_document(model, json.dumps(document), "the document")


def label(value: object) -> str:
    return value.__name__ if isinstance(value, type) else str(value)


@pytest.mark.parametrize("model", PAIRS, ids=label)
def test_old_document_parses_to_the_same_object(model: type[StoredModel]) -> None:
    old, new = PAIRS[model]
    assert parse(model, old) == parse(model, new)


@pytest.mark.parametrize("model", PAIRS, ids=label)
def test_present_names_are_written(model: type[StoredModel]) -> None:
    old, new = PAIRS[model]
    written = json.loads(parse(model, old).model_dump_json())
    assert new.keys() <= written.keys()
    assert not OLD_FIELDS[model.__name__].keys() & (written.keys() - new.keys())


def test_every_renamed_field_and_value_has_an_example() -> None:
    models = {model.__name__: pair for model, pair in PAIRS.items()}
    assert models.keys() == OLD_FIELDS.keys() - {"Draft"}  # See tests/unit/ui/test_draft.py.
    for name, fields in OLD_FIELDS.items():
        if name == "Draft":
            continue
        assert fields.keys() <= models[name][0].keys(), name
        assert set(fields.values()) <= models[name][1].keys(), name


@pytest.mark.parametrize(
    ("name", "field", "old", "new"),
    [
        (name, field, old, new)
        for name, fields in OLD_VALUES.items()
        for field, values in fields.items()
        for old, new in values.items()
    ],
)
def test_old_values_are_replaced(name: str, field: str, old: object, new: object) -> None:
    assert upgrade_fields(name, {field: old}) == {field: new}


@pytest.mark.parametrize("model", PAIRS, ids=label)
def test_unknown_fields_are_refused(model: type[StoredModel]) -> None:
    for document in PAIRS[model]:
        with pytest.raises(ValidationError, match="surprise"):
            model.model_validate_json(json.dumps(document | {"surprise": 1}))


@pytest.mark.parametrize(("model", "old_name"), RENAMED, ids=label)
def test_old_and_new_name_together_are_refused(model: type[StoredModel], old_name: str) -> None:
    old, new = PAIRS[model]
    both = json.dumps(new | {old_name: old[old_name]})
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate_json(both)


def test_preset_file_of_format_2_is_the_shipped_preset() -> None:
    """But for its description, which was reworded since, and the names of the recipes."""
    file = (bundled_path("presets") / "first-light.json").read_bytes()
    shipped, old = (parse_theme_file(data, "it").preset for data in (file, OLD_PRESET.read_bytes()))
    named = {
        slot: old.recipes[slot].model_copy(update={"name": shipped.recipes[slot].name})
        for slot in SLOTS
    }
    since = {"description": shipped.description, "recipes": old.recipes.model_copy(update=named)}
    assert old.model_copy(update=since) == shipped


def test_old_metadata_of_an_image_is_read() -> None:
    old, new = PAIRS[job.Variant]
    assert parse_variant_metadata(json.dumps(old)) == parse_variant_metadata(json.dumps(new))


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("strength", "denoising_strength", 0.3),
        ("guidance_end", "guidance_end_fraction", 0.5),
        ("deep_cache", "deepcache_interval", 2),
        ("seed_rule.kind", "seed_policy.mode", "fixed"),
        ("seed_rule.value", "seed_policy.value", 9),
        ("control_units.0.picture", "control_units.0.image_sha256", examples.HASH),
        ("upscale.factor", "upscale.scale_factor", 1.5),
        ("upscale.strength", "upscale.denoising_strength", 0.3),
        ("face_repair.strength", "face_repair.denoising_strength", 0.3),
        ("face_repair.blur", "face_repair.mask_blur", 2),
        ("face_repair.size", "face_repair.render_size", 128),
    ],
)
def test_old_field_paths_of_sweeps_and_trials_set_the_renamed_field(
    old: str, new: str, value: float | str
) -> None:
    assert upgrade_field_path(old) == upgrade_field_path(new) == new
    by_old, by_new = (
        examples.recipe(control_units=(examples.unit(),)).model_dump() for _ in range(2)
    )
    set_by_path(by_old, old, value)
    set_by_path(by_new, new, value)
    assert by_old == by_new
    assert recipe.Recipe.model_validate(by_old) != examples.recipe(control_units=(examples.unit(),))


@pytest.mark.parametrize(
    "path", ["steps", "control_units.0.weight", "base_model.name", "strength.x"]
)
def test_other_field_paths_are_unchanged(path: str) -> None:
    assert upgrade_field_path(path) == path
