"""Presets and their immutable versions in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import ValidationError
from sqlalchemy import Select, func, select, update

from studio.errors import BadDocument, NotFound, Outdated
from studio.messages import message
from studio.recipes.base import explain, read_kept
from studio.recipes.canvas import marked_slug, slug_of
from studio.recipes.preset import Preset, PresetVersion
from studio.recipes.text import check_line, check_text
from studio.store.database import Database
from studio.store.tables import PresetRow, PresetVersionRow

REMEMBERED = 64
"""Versions that are kept at hand, read and checked."""


@dataclass(frozen=True)
class PresetSummary:
    slug: str
    name: str
    latest: int
    archived: bool = False


@dataclass(frozen=True)
class VersionSummary:
    """A version without its document: who saved it, when and why."""

    number: int
    author: str
    note: str
    created: datetime


class PresetStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        # A version is never changed: what was read once is good for every request to its theme.
        self._numbered = lru_cache(maxsize=REMEMBERED)(self._read)

    def summaries(
        self, text: str = "", with_archived: bool = False, most: int | None = None
    ) -> Sequence[PresetSummary]:
        """Presets by name, those whose name or slug contains `text`; archived ones only if asked."""
        columns = (PresetRow.slug, PresetRow.name, PresetRow.latest, PresetRow.archived)
        query = select(*columns).order_by(func.lower(PresetRow.name)).limit(most)
        if text:
            wanted = text.lower()
            query = query.where(
                func.lower(PresetRow.name).contains(wanted, autoescape=True)
                | PresetRow.slug.contains(wanted, autoescape=True)
            )
        if not with_archived:
            query = query.where(PresetRow.archived.is_(False))
        with self._database.reading() as session:
            return [PresetSummary(*row) for row in session.execute(query)]

    def save(
        self, preset: Preset, author: str = "", note: str = "", over: int | None = None
    ) -> PresetVersion:
        """The preset as the next version of its slug; an unchanged one stays as it is.

        `over` is the version it was edited from, 0 for a new preset; None asks nothing. Raises
        Outdated when another version was saved meanwhile, InputError for an author or note with
        control characters.
        """
        check_line(author, message("theme.author"))
        check_text(note, message("theme.note"))
        with self._database.writing() as session:
            row = session.scalar(select(PresetRow).where(PresetRow.slug == preset.slug))
            latest_number = 0 if row is None else row.latest
            if over is not None and over != latest_number:
                raise _outdated(preset, over, latest_number)
            if row is None:
                row = PresetRow(slug=preset.slug, name=preset.name, latest=0)
                session.add(row)
                session.flush()
            elif (latest := _version_row(session.scalars(_versions(preset.slug).limit(1)).one())).preset == preset:  # fmt: skip
                return latest
            row.latest += 1
            row.name = preset.name
            saved = PresetVersionRow(
                preset_id=row.id,
                number=row.latest,
                document=preset.to_json(),
                author=author,
                note=note,
                created=datetime.now(UTC),
            )
            session.add(saved)
            session.flush()
            return _version_row(saved)

    def version(self, slug: str, number: int | None = None) -> PresetVersion:
        """One version, the latest unless numbered. Raises NotFound."""
        return self._read(slug, None) if number is None else self._numbered(slug, number)

    def _read(self, slug: str, number: int | None) -> PresetVersion:
        with self._database.reading() as session:
            query = _versions(slug)
            if number is not None:
                query = query.where(PresetVersionRow.number == number)
            row = session.scalar(query.limit(1))
            if row is not None:
                return _version_row(row)
            have = session.scalars(select(PresetRow.slug).order_by(PresetRow.slug)).all()
        if slug in have:
            raise NotFound("theme.version_not_found", theme=slug, number=str(number))
        raise NotFound("theme.not_found", name=slug, available=have or message("list.none"))

    def rename(self, slug: str, name: str, author: str = "") -> PresetVersion:
        """The same theme under another name, as its next version; its slug stays what it is.

        Raises NotFound, and BadDocument for a name that cannot be.
        """
        latest = self.version(slug)
        document = latest.preset.model_dump() | {"name": name.strip()}
        try:
            renamed = Preset.model_validate(document)
        except ValidationError as error:
            raise BadDocument("theme.name_invalid", name=name, reason=explain(error)) from None
        note = f"renamed from {latest.preset.name}"
        return self.save(renamed, author, note, over=latest.number)

    def branch(
        self, slug: str, number: int | None, new_slug: str, name: str, author: str = ""
    ) -> PresetVersion:
        """A new theme that begins as a version of another.

        Raises NotFound, Outdated when the new slug is taken, BadDocument for what cannot be one.
        """
        origin = self.version(slug, number)
        document = origin.preset.model_dump() | {"slug": new_slug, "name": name.strip()}
        try:
            branched = Preset.model_validate(document)
        except ValidationError as error:
            raise BadDocument("theme.branch_name_invalid", reason=explain(error)) from None
        note = f"branched from {slug} version {origin.number}"
        return self.save(branched, author, note, over=0)

    def slug_for(self, name: str) -> str:
        """The slug of a new theme of this name; marked, where a theme of another name has it."""
        slug = slug_of(name)
        with self._database.reading() as session:
            taken = session.scalar(select(PresetRow.name).where(PresetRow.slug == slug))
        return slug if taken in (None, name) else marked_slug(slug, name)

    def archive(self, slug: str, archived: bool = True) -> None:
        """Takes a theme out of the lists, or back in; it can still be opened. Raises NotFound."""
        self.version(slug)
        with self._database.writing() as session:
            session.execute(
                update(PresetRow).where(PresetRow.slug == slug).values(archived=archived)
            )

    def last_saved(self) -> PresetVersion:
        """The version saved last of all presets. Raises NotFound when there is none."""
        newest = (
            select(PresetVersionRow)
            .join(PresetRow)
            .where(PresetRow.archived.is_(False))
            .order_by(PresetVersionRow.id.desc())
            .limit(1)
        )
        with self._database.reading() as session:
            row = session.scalar(newest)
            if row is not None:
                return _version_row(row)
        raise NotFound("theme.none_saved")

    def history(self, slug: str) -> Sequence[VersionSummary]:
        """Every version without its document, the newest first. Raises NotFound."""
        query = (
            select(
                PresetVersionRow.number,
                PresetVersionRow.author,
                PresetVersionRow.note,
                PresetVersionRow.created,
            )
            .join(PresetRow)
            .where(PresetRow.slug == slug)
            .order_by(PresetVersionRow.number.desc())
        )
        with self._database.reading() as session:
            rows = session.execute(query).all()
        if not rows:
            self.version(slug)
        return [VersionSummary(*row) for row in rows]

    def versions(self, slug: str) -> Sequence[PresetVersion]:
        """Every version, the newest first. Raises NotFound."""
        newest = self.version(slug)
        with self._database.reading() as session:
            return [_version_row(row) for row in session.scalars(_versions(newest.preset.slug))]


def _outdated(preset: Preset, over: int, latest: int) -> Outdated:
    if over == 0:
        return Outdated("theme.exists", name=preset.name)
    return Outdated("theme.outdated", name=preset.name, latest=latest, base=over)


def _versions(slug: str) -> Select[PresetVersionRow]:
    return (
        select(PresetVersionRow)
        .join(PresetRow)
        .where(PresetRow.slug == slug)
        .order_by(PresetVersionRow.number.desc())
    )


def _version_row(row: PresetVersionRow) -> PresetVersion:
    return PresetVersion(
        number=row.number,
        preset=read_kept(Preset, row.document, message("storage.theme_version", number=row.number)),
        author=row.author,
        note=row.note,
        created=row.created,
    )
