"""Documents as older versions stored them, each with the same document as it is written today."""

import json
from typing import Any

from studio.recipes import base_image, moderation
from studio.recipes.base import StoredModel
from studio.recipes.evaluation import blind_test, reports, tuning
from studio.recipes.generation import job, recipe
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS, Preset
from tests import examples

Document = dict[str, Any]
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
"""By the class that reads them: (old, new)."""
