"""Renames tables, columns, indexes and moderation stages: theme, slot, version, prompt, image, `*_at`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = {
    "presets": "themes",
    "preset_versions": "theme_versions",
    "reports": "evaluation_reports",
    "contests": "blind_tests",
    "study_journal": "optuna_journal",
    "clients": "api_clients",
    "judgements": "moderation_decisions",
}
"""New names of tables, by the old ones."""

COLUMNS = {
    "theme_versions": {
        "preset_id": "theme_id",
        "number": "version",
        "note": "message",
        "created": "created_at",
    },
    "variants": {
        "letter": "slot",
        "preset_slug": "theme_slug",
        "preset_version": "theme_version",
        "picture_sha256": "image_sha256",
        "created": "created_at",
    },
    "deployments": {"created": "created_at"},
    "users": {"password": "password_hash", "created": "created_at"},
    "sessions": {"expires": "expires_at"},
    "evaluation_reports": {"number": "version", "created": "created_at"},
    "blind_tests": {"created": "created_at"},
    "votes": {"contest_id": "blind_test_id", "created": "created_at"},
    "api_clients": {"created": "created_at"},
    "requests": {"picked": "selected_slot", "emptied": "redacted", "created": "created_at"},
    "moderation_decisions": {"created": "created_at"},
    "jobs": {
        "letter": "slot",
        "expires": "expires_at",
        "heard": "heartbeat_at",
        "turn": "fair_share_tier",
        "cleared": "moderation_override",
    },
}
"""New names of columns by the old ones, by the new names of their tables."""

STAGES = {"words": "prompt", "picture": "image"}
"""New values of `moderation_decisions.stage` by the old ones; the other stages keep their names."""

RECIPE_FIELDS = {
    "strength": "denoising_strength",
    "guidance_end": "guidance_end_fraction",
    "deep_cache": "deepcache_interval",
    "upscale.factor": "upscale.scale_factor",
    "upscale.strength": "upscale.denoising_strength",
    "face_repair.strength": "face_repair.denoising_strength",
    "face_repair.blur": "face_repair.mask_blur",
    "face_repair.size": "face_repair.render_size",
    "seed_rule.value": "seed_policy.value",
}
"""New paths of recipe fields by the old ones. Tuning studies name the fields that they vary by path."""

OLD_INDEXES = {
    "ix_presets_name": ("presets", ["name"]),
    "ix_variants_created": ("variants", ["created"]),
    "ix_variants_preset": ("variants", ["preset_slug", "id"]),
    "ix_variants_picture": ("variants", ["picture_sha256"]),
    "ix_reports_version": ("reports", ["slug", "number", "kind"]),
    "ix_votes_voter": ("votes", ["contest_id", "voter"]),
    "ix_judgements_created": ("judgements", ["created"]),
    "ix_judgements_client": ("judgements", ["client", "id"]),
    "ix_requests_age": ("requests", ["emptied", "created"]),
}
NEW_INDEXES = {
    "ix_themes_name": ("themes", ["name"]),
    "ix_variants_created_at": ("variants", ["created_at"]),
    "ix_variants_theme": ("variants", ["theme_slug", "id"]),
    "ix_variants_image": ("variants", ["image_sha256"]),
    "ix_evaluation_reports_version": ("evaluation_reports", ["slug", "version", "kind"]),
    "ix_votes_voter": ("votes", ["blind_test_id", "voter"]),
    "ix_moderation_decisions_created_at": ("moderation_decisions", ["created_at"]),
    "ix_moderation_decisions_client": ("moderation_decisions", ["client", "id"]),
    "ix_requests_age": ("requests", ["redacted", "created_at"]),
}


def upgrade() -> None:
    """Renames in place. Documents keep their old field names, which `recipes.old_formats` reads."""
    _drop(OLD_INDEXES)
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        _rename_columns(table, columns.items())
    _rename_stages(STAGES.items())
    _rename_tuned_fields(RECIPE_FIELDS)
    _create(NEW_INDEXES)


def downgrade() -> None:
    """Takes the names back. Documents that were written since keep today's field names."""
    _drop(NEW_INDEXES)
    _rename_stages((new, old) for old, new in STAGES.items())
    _rename_tuned_fields({new: old for old, new in RECIPE_FIELDS.items()})
    for table, columns in COLUMNS.items():
        _rename_columns(table, ((new, old) for old, new in columns.items()))
    for old, new in TABLES.items():
        op.rename_table(new, old)
    _create(OLD_INDEXES)


def _rename_columns(table: str, names: Iterable[tuple[str, str]]) -> None:
    for old, new in names:
        # SQLite and PostgreSQL both rename a column in place, with the constraints that name it.
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _rename_stages(names: Iterable[tuple[str, str]]) -> None:
    """For `moderation_decisions` under its new name."""
    stage: sa.ColumnClause[str] = sa.column("stage", sa.String)
    decisions = sa.table("moderation_decisions", stage)
    for old, new in names:
        op.execute(sa.update(decisions).where(stage == old).values(stage=new))


def _rename_tuned_fields(names: Mapping[str, str]) -> None:
    """In the lines of Optuna's journal: parameter names of trials, and search spaces of studies."""
    journal = sa.table("optuna_journal", sa.column("id"), sa.column("document"))
    connection = op.get_bind()
    for id_ in connection.scalars(sa.select(journal.c.id)).all():
        row = journal.c.id == id_
        document = connection.scalars(sa.select(journal.c.document).where(row)).one()
        line = json.loads(document)
        if (renamed := _with_renamed_fields(line, names)) != line:
            values = {"document": json.dumps(renamed)}
            connection.execute(sa.update(journal).where(row).values(values))


def _with_renamed_fields(line: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    if "param_name" in line:
        return {**line, "param_name": names.get(line["param_name"], line["param_name"])}
    attributes = line.get("user_attr")
    if not isinstance(attributes, dict) or "study" not in attributes:
        return line
    study = json.loads(attributes["study"])
    for ranges in (study.get("spans", ()), study.get("search_space", ())):
        for each in ranges:
            each["field"] = names.get(each["field"], each["field"])
    return {**line, "user_attr": {**attributes, "study": json.dumps(study)}}


def _drop(indexes: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, _) in indexes.items():
        op.drop_index(name, table)


def _create(indexes: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, columns) in indexes.items():
        op.create_index(name, table, columns)
