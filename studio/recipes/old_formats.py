"""Upgrades documents that older versions of the studio stored: renamed fields and values.

Preset files, PNG records and rows of the database from before format 3 still have the old field names;
`StoredModel` accepts them on reading. Nothing is written under these names any more.
"""

import re
from collections.abc import Mapping
from typing import Any

OLD_FIELDS: Mapping[str, Mapping[str, str]] = {
    "Preset": {"prompt": "theme_prompt"},
    "Recipe": {
        "strength": "denoising_strength",
        "guidance_end": "guidance_end_fraction",
        "deep_cache": "deepcache_interval",
        "seed_rule": "seed_policy",
    },
    "ControlUnit": {"picture": "image_sha256"},
    "HiresFix": {"factor": "scale_factor", "strength": "denoising_strength"},
    "FaceRestoration": {
        "strength": "denoising_strength",
        "blur": "mask_blur",
        "size": "render_size",
    },
    "SeedPolicy": {"kind": "mode"},
    "ModerationPolicy": {
        "words": "check_prompts",
        "pictures": "check_outputs",
        "doodles": "check_doodles",
        "threshold": "nsfw_threshold",
        "margin": "concept_margin",
        "refill": "regenerate_withheld",
        "uploads": "allow_base_uploads",
        "moderation": "external_moderation",
        "keep_words": "log_blocked_text",
    },
    "Doodle": {"png": "png_bytes"},
    "GenerationRequest": {
        "words": "user_prompt",
        "pictures": "control_images",
        "preset_version": "theme_version",
        "order_sha256": "body_sha256",
    },
    "Timings": {"load": "load_seconds", "render": "render_seconds"},
    "Variant": {
        "letter": "slot",
        "preset": "theme_slug",
        "preset_version": "theme_version",
        "tokens": "prompt_tokens",
        "picture_sha256": "image_sha256",
        "created": "created_at",
    },
    "DeploymentSpec": {
        "number": "version",
        "trial": "canary_version",
        "trial_share": "canary_percent",
        "starts": "starts_at",
        "ends": "ends_at",
        "forced": "bypassed_checks",
        "fallback": "fallback_to_previous",
    },
    "RobustnessReport": {"cells": "cases"},
    "RobustnessCase": {"letter": "slot", "kept": "passed", "why": "failure_reason"},
    "ChangedRegion": {"difference": "delta_e"},
    "ImageComparison": {"letter": "slot", "difference": "delta_e", "places": "changed_regions"},
    "QualityMetrics": {"likeness": "color_error", "of_seeds": "seed_diversity"},
    "RegressionReport": {
        "against": "baseline_version",
        "cells": "comparisons",
        "looks": "metrics",
        "looks_against": "baseline_metrics",
        "seen_by": "reviewed_by",
    },
    "ModerationDecision": {
        "said": "input_text",
        "created": "created_at",
        "letter": "slot",
        "picture_sha256": "image_sha256",
    },
    "WordMatch": {"severity": "action"},
    "Review": {"wrong": "is_false_positive"},
    "ApiClient": {
        "per_minute": "requests_per_minute",
        "per_day": "requests_per_day",
        "in_flight": "max_concurrent_requests",
    },
    "Draft": {"base": "base_image_id", "words": "user_prompt", "number": "version"},
    "TuningStudy": {"letter": "slot", "number": "version", "spans": "search_space"},
    "Candidate": {"letter": "slot", "number": "version"},
}
"""New field names by the old ones, by the name of the class."""

OLD_VALUES: Mapping[str, Mapping[str, Mapping[Any, Any]]] = {
    "Preset": {"version": {1: 3, 2: 3}},
    "Recipe": {"version": {1: 2}},
    "ControlUnit": {"source": {"picture": "image"}},
    "ModerationPolicy": {
        "external_moderation": {"withhold": "fail_closed", "pass": "fail_open"},
    },
    "ModerationDecision": {"stage": {"words": "prompt", "picture": "image"}},
    "ApiClient": {"scopes": {"draw": "generate", "manage": "admin", "watch": "metrics"}},
}
"""New values by the old ones, by the name of the class and the new name of the field."""

_OLD_PATHS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(old), new)
    for old, new in (
        (r"strength", "denoising_strength"),
        (r"guidance_end", "guidance_end_fraction"),
        (r"deep_cache", "deepcache_interval"),
        (r"seed_rule\.kind", "seed_policy.mode"),
        (r"seed_rule\.value", "seed_policy.value"),
        (r"control_units\.(\d+)\.picture", r"control_units.\1.image_sha256"),
        (r"upscale\.factor", "upscale.scale_factor"),
        (r"(upscale|face_repair)\.strength", r"\1.denoising_strength"),
        (r"face_repair\.blur", "face_repair.mask_blur"),
        (r"face_repair\.size", "face_repair.render_size"),
    )
)
"""New paths of a recipe's fields by patterns of the old ones."""


def upgrade_field_path(path: str) -> str:
    """The present path of a recipe's field; one that was not renamed is returned unchanged.

    Axes of sweeps, search spaces of tuning studies, and the parameters of their trials are named by
    such paths (`control_units.0.weight`).
    """
    for pattern, replacement in _OLD_PATHS:
        if match := pattern.fullmatch(path):
            return match.expand(replacement)
    return path


def upgrade_fields(class_name: str, document: object) -> Any:
    """`document` with the present field names; anything but a mapping is returned unchanged.

    Args:
        class_name: name of the class that the document is parsed into.
        document: the stored document. A field that it has under both names keeps both, so that
            pydantic refuses the old one as unknown.
    """
    if not isinstance(document, Mapping):
        return document
    names, values = OLD_FIELDS.get(class_name, {}), OLD_VALUES.get(class_name, {})
    if not (names.keys() & document.keys() or values.keys() & document.keys()):
        return document
    upgraded = {
        names[field] if field in names and names[field] not in document else field: value
        for field, value in document.items()
    }
    for field, replacements in values.items():
        if field in upgraded:
            upgraded[field] = _upgrade_value(upgraded[field], replacements)
    return upgraded


def _upgrade_value(value: Any, replacements: Mapping[Any, Any]) -> Any:
    """The value, or each item of a list or set of values, replaced where it is an old one."""
    match value:
        case str() | int():
            return replacements.get(value, value)
        case list() | tuple() | set() | frozenset():
            return [_upgrade_value(item, replacements) for item in value]
    return value
