"""Themes and their versions as lists show them: without the documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from studio.store.database import as_utc
from studio.store.tables import ThemeRow, ThemeVersionRow


@dataclass(frozen=True)
class ThemeSummary:
    """A theme in a list; `author` and `updated_at` are those of its latest version."""

    slug: str
    name: str
    latest_version: int
    archived: bool
    tags: tuple[str, ...]
    author: str
    updated_at: datetime


@dataclass(frozen=True)
class VersionSummary:
    """A version without its document: who saved it, when, and the message."""

    version: int
    author: str
    message: str
    created_at: datetime


def load_summaries(
    session: Session, text: str, include_archived: bool, limit: int | None
) -> Sequence[ThemeSummary]:
    """The themes whose name or slug contains `text` (in any case), sorted by name."""
    query = (
        select(ThemeRow, ThemeVersionRow.author, ThemeVersionRow.created_at)
        .join(
            ThemeVersionRow,
            (ThemeVersionRow.theme_id == ThemeRow.id)
            & (ThemeVersionRow.version == ThemeRow.latest),
        )
        .where(*_matches(text, include_archived))
        .order_by(func.lower(ThemeRow.name))
        .limit(limit)
    )
    return [
        ThemeSummary(
            theme.slug,
            theme.name,
            theme.latest,
            theme.archived,
            tuple(theme.tags),
            author,
            as_utc(created_at),
        )
        for theme, author, created_at in session.execute(query)
    ]


def _matches(text: str, include_archived: bool) -> Iterator[ColumnElement[bool]]:
    if text:
        lowered = text.lower()
        name = func.lower(ThemeRow.name)
        yield name.contains(lowered, autoescape=True) | ThemeRow.slug.contains(
            lowered, autoescape=True
        )
    if not include_archived:
        yield ThemeRow.archived.is_(False)


def load_version_summaries(session: Session, slug: str) -> Sequence[VersionSummary]:
    """The versions of a theme, newest first; none of a theme that does not exist."""
    query = (
        select(
            ThemeVersionRow.version,
            ThemeVersionRow.author,
            ThemeVersionRow.message,
            ThemeVersionRow.created_at,
        )
        .join(ThemeRow)
        .where(ThemeRow.slug == slug)
        .order_by(ThemeVersionRow.version.desc())
    )
    return [VersionSummary(*row) for row in session.execute(query)]
