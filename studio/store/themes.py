"""Presets and their immutable versions in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy import Select, func, select, update

from studio.errors import InvalidDocumentError, NotFoundError, VersionConflictError
from studio.messages import message
from studio.recipes.base import format_validation_error, parse_stored_document
from studio.recipes.base_image import slug_of, slug_with_hash
from studio.recipes.text_fields import check_line, check_text
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.store.database import Database
from studio.store.tables import ThemeRow, ThemeVersionRow

VERSION_CACHE_SIZE = 64
"""Versions that are kept at hand, read and checked."""


@dataclass(frozen=True)
class ThemeSummary:
    slug: str
    name: str
    latest_version: int
    archived: bool = False


@dataclass(frozen=True)
class VersionSummary:
    """A version without its document: who saved it, when and why."""

    version: int
    author: str
    message: str
    created_at: datetime


class ThemeStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        # A version is never changed: what was read once is good for every request to its theme.
        self._numbered = lru_cache(maxsize=VERSION_CACHE_SIZE)(self._read)

    def list_summaries(
        self, text: str = "", with_archived: bool = False, most: int | None = None
    ) -> Sequence[ThemeSummary]:
        """Presets by name, those whose name or slug contains `text`; archived ones only if asked."""
        columns = (ThemeRow.slug, ThemeRow.name, ThemeRow.latest, ThemeRow.archived)
        query = select(*columns).order_by(func.lower(ThemeRow.name)).limit(most)
        if text:
            wanted = text.lower()
            query = query.where(
                func.lower(ThemeRow.name).contains(wanted, autoescape=True)
                | ThemeRow.slug.contains(wanted, autoescape=True)
            )
        if not with_archived:
            query = query.where(ThemeRow.archived.is_(False))
        with self._database.read_session() as session:
            return [ThemeSummary(*row) for row in session.execute(query)]

    def save(
        self, preset: Preset, author: str = "", note: str = "", over: int | None = None
    ) -> ThemeVersion:
        """The preset as the next version of its slug; an unchanged one stays as it is.

        `over` is the version it was edited from, 0 for a new preset; None asks nothing. Raises
        Outdated when another version was saved meanwhile, InputError for an author or note with
        control characters.
        """
        check_line(author, message("theme.author"))
        check_text(note, message("theme.note"))
        with self._database.write_session() as session:
            row = session.scalar(select(ThemeRow).where(ThemeRow.slug == preset.slug))
            latest_number = 0 if row is None else row.latest
            if over is not None and over != latest_number:
                raise _outdated(preset, over, latest_number)
            if row is None:
                row = ThemeRow(slug=preset.slug, name=preset.name, latest=0)
                session.add(row)
                session.flush()
            elif (latest := _version_row(session.scalars(_versions(preset.slug).limit(1)).one())).preset == preset:  # fmt: skip
                return latest
            row.latest += 1
            row.name = preset.name
            saved = ThemeVersionRow(
                theme_id=row.id,
                version=row.latest,
                document=preset.to_json(),
                author=author,
                message=note,
                created_at=datetime.now(UTC),
            )
            session.add(saved)
            session.flush()
            return _version_row(saved)

    def get_version(self, slug: str, number: int | None = None) -> ThemeVersion:
        """One version, the latest unless numbered. Raises NotFound."""
        return self._read(slug, None) if number is None else self._numbered(slug, number)

    def _read(self, slug: str, number: int | None) -> ThemeVersion:
        with self._database.read_session() as session:
            query = _versions(slug)
            if number is not None:
                query = query.where(ThemeVersionRow.version == number)
            row = session.scalar(query.limit(1))
            if row is not None:
                return _version_row(row)
            have = session.scalars(select(ThemeRow.slug).order_by(ThemeRow.slug)).all()
        if slug in have:
            raise NotFoundError("theme.version_not_found", theme=slug, number=str(number))
        raise NotFoundError("theme.not_found", name=slug, available=have or message("list.none"))

    def rename(self, slug: str, name: str, author: str = "") -> ThemeVersion:
        """The same theme under another name, as its next version; its slug stays what it is.

        Raises NotFound, and BadDocument for a name that cannot be.
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
        return self.save(renamed, author, note, over=latest.version)

    def branch(
        self, slug: str, number: int | None, new_slug: str, name: str, author: str = ""
    ) -> ThemeVersion:
        """A new theme that begins as a version of another.

        Raises NotFound, Outdated when the new slug is taken, BadDocument for what cannot be one.
        """
        origin = self.get_version(slug, number)
        document = origin.preset.model_dump() | {"slug": new_slug, "name": name.strip()}
        try:
            branched = Preset.model_validate(document)
        except ValidationError as error:
            raise InvalidDocumentError(
                "theme.branch_name_invalid", reason=format_validation_error(error)
            ) from None
        note = f"branched from {slug} version {origin.version}"
        return self.save(branched, author, note, over=0)

    def slug_for(self, name: str) -> str:
        """The slug of a new theme of this name; marked, where a theme of another name has it."""
        slug = slug_of(name)
        with self._database.read_session() as session:
            taken = session.scalar(select(ThemeRow.name).where(ThemeRow.slug == slug))
        return slug if taken in (None, name) else slug_with_hash(slug, name)

    def archive(self, slug: str, archived: bool = True) -> None:
        """Takes a theme out of the lists, or back in; it can still be opened. Raises NotFound."""
        self.get_version(slug)
        with self._database.write_session() as session:
            session.execute(update(ThemeRow).where(ThemeRow.slug == slug).values(archived=archived))

    def latest_saved(self) -> ThemeVersion:
        """The version saved last of all presets. Raises NotFound when there is none."""
        newest = (
            select(ThemeVersionRow)
            .join(ThemeRow)
            .where(ThemeRow.archived.is_(False))
            .order_by(ThemeVersionRow.id.desc())
            .limit(1)
        )
        with self._database.read_session() as session:
            row = session.scalar(newest)
            if row is not None:
                return _version_row(row)
        raise NotFoundError("theme.none_saved")

    def list_version_summaries(self, slug: str) -> Sequence[VersionSummary]:
        """Every version without its document, the newest first. Raises NotFound."""
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
        with self._database.read_session() as session:
            rows = session.execute(query).all()
        if not rows:
            self.get_version(slug)
        return [VersionSummary(*row) for row in rows]

    def list_versions(self, slug: str) -> Sequence[ThemeVersion]:
        """Every version, the newest first. Raises NotFound."""
        newest = self.get_version(slug)
        with self._database.read_session() as session:
            return [_version_row(row) for row in session.scalars(_versions(newest.preset.slug))]


def _outdated(preset: Preset, over: int, latest: int) -> VersionConflictError:
    if over == 0:
        return VersionConflictError("theme.exists", name=preset.name)
    return VersionConflictError("theme.outdated", name=preset.name, latest=latest, base=over)


def _versions(slug: str) -> Select[ThemeVersionRow]:
    return (
        select(ThemeVersionRow)
        .join(ThemeRow)
        .where(ThemeRow.slug == slug)
        .order_by(ThemeVersionRow.version.desc())
    )


def _version_row(row: ThemeVersionRow) -> ThemeVersion:
    return ThemeVersion(
        version=row.version,
        preset=parse_stored_document(
            Preset, row.document, message("storage.theme_version", number=row.version)
        ),
        author=row.author,
        message=row.message,
        created_at=row.created_at,
    )
