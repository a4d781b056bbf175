"""Presets and their immutable versions in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, func, select

from studio.errors import NotFound, Outdated
from studio.recipes.base import read_document
from studio.recipes.preset import Preset, PresetVersion
from studio.store.database import Database
from studio.store.tables import PresetRow, PresetVersionRow


@dataclass(frozen=True)
class PresetSummary:
    slug: str
    name: str
    latest: int


class PresetStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def summaries(self) -> Sequence[PresetSummary]:
        with self._database.reading() as session:
            rows = session.scalars(select(PresetRow).order_by(func.lower(PresetRow.name)))
            return [PresetSummary(row.slug, row.name, row.latest) for row in rows]

    def save(
        self, preset: Preset, author: str = "", note: str = "", over: int | None = None
    ) -> PresetVersion:
        """The preset as the next version of its slug; an unchanged one stays as it is.

        `over` is the version it was edited from, 0 for a new preset; None asks nothing. Raises
        Outdated when another version was saved meanwhile.
        """
        with self._database.writing() as session:
            row = session.scalar(select(PresetRow).where(PresetRow.slug == preset.slug))
            latest_number = 0 if row is None else row.latest
            if over is not None and over != latest_number:
                raise Outdated(_outdated(preset, over, latest_number))
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
        with self._database.reading() as session:
            query = _versions(slug)
            if number is not None:
                query = query.where(PresetVersionRow.number == number)
            row = session.scalar(query.limit(1))
            if row is not None:
                return _version_row(row)
            have = session.scalars(select(PresetRow.slug).order_by(PresetRow.slug)).all()
        if slug in have:
            raise NotFound(f"preset {slug!r} has no version {number}: see `studio presets list`")
        raise NotFound(f"no preset named {slug!r} (there are: {', '.join(have) or 'none'})")

    def last_saved(self) -> PresetVersion:
        """The version saved last of all presets. Raises NotFound when there is none."""
        newest = select(PresetVersionRow).order_by(PresetVersionRow.id.desc()).limit(1)
        with self._database.reading() as session:
            row = session.scalar(newest)
            if row is not None:
                return _version_row(row)
        raise NotFound("no preset has been saved: import one by `studio presets import`")

    def versions(self, slug: str) -> Sequence[PresetVersion]:
        """Every version, the newest first. Raises NotFound."""
        newest = self.version(slug)
        with self._database.reading() as session:
            return [_version_row(row) for row in session.scalars(_versions(newest.preset.slug))]


def _outdated(preset: Preset, over: int, latest: int) -> str:
    if over == 0:
        return f"there is a preset {preset.name!r} already: choose another name, or open that one"
    return (
        f"{preset.name!r} was saved meanwhile: version {latest} is there, yours began from {over}."
        " Open it to see what changed, or save yours under another name"
    )


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
        preset=read_document(Preset, row.document, f"saved preset version {row.number}"),
        author=row.author,
        note=row.note,
        created=row.created,
    )
