"""Themes and their immutable, numbered versions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from studio.errors import InvalidDocumentError, NotFoundError, VersionConflictError
from studio.messages import message
from studio.recipes.base import format_validation_error, parse_stored_document
from studio.recipes.base_image import slug_of, slug_with_hash
from studio.recipes.text_fields import check_line, check_text
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.recipes.themes.review import unique_tags
from studio.store.database import Database
from studio.store.tables import ThemeRow, ThemeVersionRow
from studio.store.theme_summaries import (
    ThemeSummary,
    VersionSummary,
    load_summaries,
    load_version_summaries,
)

VERSION_CACHE_SIZE = 64
"""Parsed versions in the LRU cache."""


class ThemeStore:
    """What operators save. Versions are numbered from 1 and never change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # A version never changes: every request to its theme can use the parsed document.
        self._read_cached = lru_cache(maxsize=VERSION_CACHE_SIZE)(self._read)

    def list_summaries(
        self, text: str = "", include_archived: bool = False, limit: int | None = None
    ) -> Sequence[ThemeSummary]:
        """The themes whose name or slug contains `text` (in any case), sorted by name."""
        with self._database.read_session() as session:
            return load_summaries(session, text, include_archived, limit)

    def get_summary(self, slug: str) -> ThemeSummary:
        """One theme as lists show it. Raises NotFoundError."""
        self.get_version(slug)
        summaries = self.list_summaries(slug, include_archived=True)
        return next(theme for theme in summaries if theme.slug == slug)

    def set_tags(self, slug: str, tags: Sequence[str]) -> Sequence[str]:
        """Replaces a theme's tags and returns them, sorted and each once. Raises NotFoundError."""
        self.get_version(slug)
        unique = unique_tags(tags)
        with self._database.write_session() as session:
            session.execute(update(ThemeRow).where(ThemeRow.slug == slug).values(tags=list(unique)))
        return unique

    def save(
        self,
        preset: Preset,
        author: str = "",
        note: str = "",
        expected_version: int | None = None,
    ) -> ThemeVersion:
        """Saves a preset as the next version of the theme with its slug.

        An unchanged preset makes no new version: the latest one is returned.

        Args:
            preset: the document.
            author: the operator.
            note: message of the version.
            expected_version: the version that was edited, 0 for a new theme (optimistic
                concurrency); None skips the check.

        Raises:
            VersionConflictError: another version was saved in the meantime.
            InvalidInputError: author or note contain control characters.
        """
        check_line(author, message("theme.author"))
        check_text(note, message("theme.note"))
        with self._database.write_session() as session:
            row = session.scalar(select(ThemeRow).where(ThemeRow.slug == preset.slug))
            latest = 0 if row is None else row.latest
            if expected_version is not None and expected_version != latest:
                raise _version_conflict(preset, expected_version, latest)
            if row is None:
                row = _add_theme(session, preset)
            else:
                saved = _theme_version(session.scalars(_versions(preset.slug).limit(1)).one())
                if saved.preset == preset:
                    return saved
            return _add_version(session, row, preset, author, note)

    def get_version(self, slug: str, version: int | None = None) -> ThemeVersion:
        """One version of a theme, the latest by default. Raises NotFoundError."""
        return self._read(slug, None) if version is None else self._read_cached(slug, version)

    def _read(self, slug: str, version: int | None) -> ThemeVersion:
        with self._database.read_session() as session:
            query = _versions(slug)
            if version is not None:
                query = query.where(ThemeVersionRow.version == version)
            row = session.scalar(query.limit(1))
            if row is not None:
                return _theme_version(row)
            slugs = session.scalars(select(ThemeRow.slug).order_by(ThemeRow.slug)).all()
        if slug in slugs:
            raise NotFoundError("theme.version_not_found", theme=slug, number=str(version))
        raise NotFoundError("theme.not_found", name=slug, available=slugs or message("list.none"))

    def rename(self, slug: str, name: str, author: str = "") -> ThemeVersion:
        """Saves the latest version under another name, as the next version. The slug stays.

        Raises NotFoundError, and InvalidDocumentError for an invalid name.
        """
        latest = self.get_version(slug)
        document = latest.preset.model_dump() | {"name": name.strip()}
        try:
            renamed = Preset.model_validate(document)
        except ValidationError as error:
            raise InvalidDocumentError(
                "theme.name_invalid", name=name, reason=format_validation_error(error)
            ) from None
        note = f"renamed from {latest.preset.name}"
        return self.save(renamed, author, note, expected_version=latest.version)

    def branch(
        self, slug: str, version: int | None, new_slug: str, name: str, author: str = ""
    ) -> ThemeVersion:
        """Saves a version of a theme as version 1 of a new theme.

        Args:
            slug: the theme to branch from.
            version: its version, None for the latest.
            new_slug: slug of the new theme.
            name: name of the new theme.
            author: the operator.

        Raises NotFoundError, VersionConflictError when the new slug is taken, and
        InvalidDocumentError for an invalid slug or name.
        """
        origin = self.get_version(slug, version)
        document = origin.preset.model_dump() | {"slug": new_slug, "name": name.strip()}
        try:
            branched = Preset.model_validate(document)
        except ValidationError as error:
            raise InvalidDocumentError(
                "theme.branch_name_invalid", reason=format_validation_error(error)
            ) from None
        note = f"branched from {slug} version {origin.version}"
        return self.save(branched, author, note, expected_version=0)

    def slug_for(self, name: str) -> str:
        """The slug for a new theme; with a hash, where a theme of another name has the slug."""
        slug = slug_of(name)
        with self._database.read_session() as session:
            taken = session.scalar(select(ThemeRow.name).where(ThemeRow.slug == slug))
        return slug if taken in (None, name) else slug_with_hash(slug, name)

    def archive(self, slug: str, archived: bool = True) -> None:
        """Hides a theme in lists, or shows it again; it can still be opened.

        Raises NotFoundError.
        """
        self.get_version(slug)
        with self._database.write_session() as session:
            session.execute(update(ThemeRow).where(ThemeRow.slug == slug).values(archived=archived))

    def latest_saved(self) -> ThemeVersion:
        """The version that was saved last, of all themes.

        Raises NotFoundError when there is none.
        """
        query = (
            select(ThemeVersionRow)
            .join(ThemeRow)
            .where(ThemeRow.archived.is_(False))
            .order_by(ThemeVersionRow.id.desc())
            .limit(1)
        )
        with self._database.read_session() as session:
            row = session.scalar(query)
            if row is not None:
                return _theme_version(row)
        raise NotFoundError("theme.none_saved")

    def list_version_summaries(self, slug: str) -> Sequence[VersionSummary]:
        """The versions of a theme without their documents, newest first. Raises NotFoundError."""
        with self._database.read_session() as session:
            summaries = load_version_summaries(session, slug)
        if not summaries:
            self.get_version(slug)
        return summaries

    def list_versions(self, slug: str) -> Sequence[ThemeVersion]:
        """The versions of a theme, newest first. Raises NotFoundError."""
        self.get_version(slug)
        with self._database.read_session() as session:
            return [_theme_version(row) for row in session.scalars(_versions(slug))]


def _add_theme(session: Session, preset: Preset) -> ThemeRow:
    row = ThemeRow(slug=preset.slug, name=preset.name, latest=0)
    session.add(row)
    session.flush()
    return row


def _add_version(
    session: Session, theme: ThemeRow, preset: Preset, author: str, note: str
) -> ThemeVersion:
    theme.latest += 1
    theme.name = preset.name
    row = ThemeVersionRow(
        theme_id=theme.id,
        version=theme.latest,
        document=preset.to_json(),
        author=author,
        message=note,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return _theme_version(row)


def _version_conflict(preset: Preset, expected: int, latest: int) -> VersionConflictError:
    if expected == 0:
        return VersionConflictError("theme.exists", name=preset.name)
    return VersionConflictError("theme.outdated", name=preset.name, latest=latest, base=expected)


def _versions(slug: str) -> Select[ThemeVersionRow]:
    return (
        select(ThemeVersionRow)
        .join(ThemeRow)
        .where(ThemeRow.slug == slug)
        .order_by(ThemeVersionRow.version.desc())
    )


def _theme_version(row: ThemeVersionRow) -> ThemeVersion:
    return ThemeVersion(
        version=row.version,
        preset=parse_stored_document(
            Preset, row.document, message("storage.theme_version", number=row.version)
        ),
        author=row.author,
        message=row.message,
        created_at=row.created_at,
    )
