"""Renames within documents: blind tests, votes, tuning studies, and the values of `external_moderation`."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

REPLACEMENTS: Mapping[str, Mapping[str, str]] = {
    "blind_tests": {'"entrants":': '"candidates":'},
    "votes": {'"ballot":': '"matchup":'},
    # The documents of themes are indented JSON, with a space after the colon.
    "theme_versions": {
        '"external_moderation": "withhold"': '"external_moderation": "fail_closed"',
        '"external_moderation": "pass"': '"external_moderation": "fail_open"',
    },
    "requests": {
        '"external_moderation":"withhold"': '"external_moderation":"fail_closed"',
        '"external_moderation":"pass"': '"external_moderation":"fail_open"',
    },
}
"""New texts by the old ones, by table. Quotation marks within a JSON string are escaped, so that
such a text is always a field of the document, never something that a user has written."""

ATTRIBUTES = {"looks": "metrics", "stars": "rating"}
"""New names of the user attributes of trials by the old ones, in Optuna's journal."""
OBJECTIVES = {"looks": "metrics", "votes": "ratings"}
"""New values of a tuning study's objective by the old ones."""


def upgrade() -> None:
    """Documents from before 0015 keep their older field names, which `recipes.old_formats` reads."""
    for table, texts in REPLACEMENTS.items():
        _replace(table, texts)
    _rename_in_journal(ATTRIBUTES, OBJECTIVES)


def downgrade() -> None:
    """Takes the names and values back."""
    for table, texts in REPLACEMENTS.items():
        _replace(table, _inverse(texts))
    _rename_in_journal(_inverse(ATTRIBUTES), _inverse(OBJECTIVES))


def _inverse(names: Mapping[str, str]) -> Mapping[str, str]:
    return {new: old for old, new in names.items()}


def _replace(table: str, texts: Mapping[str, str]) -> None:
    document: sa.ColumnClause[str] = sa.column("document", sa.Text)
    rows = sa.table(table, document)
    for old, new in texts.items():
        op.execute(
            sa.update(rows)
            .where(document.contains(old, autoescape=True))
            .values(document=sa.func.replace(document, old, new))
        )


def _rename_in_journal(attributes: Mapping[str, str], objectives: Mapping[str, str]) -> None:
    journal = sa.table("optuna_journal", sa.column("id"), sa.column("document"))
    connection = op.get_bind()
    for id_ in connection.scalars(sa.select(journal.c.id)).all():
        row = journal.c.id == id_
        line = json.loads(connection.scalars(sa.select(journal.c.document).where(row)).one())
        if (renamed := _renamed(line, attributes, objectives)) != line:
            values = {"document": json.dumps(renamed)}
            connection.execute(sa.update(journal).where(row).values(values))


def _renamed(
    line: Mapping[str, Any], attributes: Mapping[str, str], objectives: Mapping[str, str]
) -> Mapping[str, Any]:
    """A line with other names of its user attributes; a study's attribute is a JSON document."""
    values = line.get("user_attr")
    if not isinstance(values, dict):
        return line
    renamed = {attributes.get(name, name): value for name, value in values.items()}
    if "study" in renamed:
        study = json.loads(renamed["study"])
        if study.get("objective") in objectives:
            study["objective"] = objectives[study["objective"]]
            renamed["study"] = json.dumps(study)
    return {**line, "user_attr": renamed}
