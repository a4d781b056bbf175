"""Tables, columns and indexes in the words of the documented interfaces: theme, slot, version, `*_at`."""

from collections.abc import Iterable

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
    """Renames. Documents keep their old field names: the classes that read them accept both."""
    _drop(OLD_INDEXES)
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        _rename_columns(table, columns.items())
    _create(NEW_INDEXES)


def downgrade() -> None:
    _drop(NEW_INDEXES)
    for table, columns in COLUMNS.items():
        _rename_columns(table, ((new, old) for old, new in columns.items()))
    for old, new in TABLES.items():
        op.rename_table(new, old)
    _create(OLD_INDEXES)


def _rename_columns(table: str, names: Iterable[tuple[str, str]]) -> None:
    for old, new in names:
        # SQLite and PostgreSQL both rename a column in place, with the constraints that name it.
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _drop(indexes: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, _) in indexes.items():
        op.drop_index(name, table)


def _create(indexes: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, columns) in indexes.items():
        op.create_index(name, table, columns)
