"""Reports on preset versions: the newest of each kind is what counts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import select

from studio.messages import message
from studio.recipes.base import FrozenModel, read_kept
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import ReportType
from studio.store.database import Database
from studio.store.tables import ReportRow

Report = TypeVar("Report", bound=FrozenModel)


class ReportStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, slug: Slug, number: int, kind: ReportType, report: FrozenModel) -> None:
        """Adds a report; older ones of its kind stay, and count no more."""
        with self._database.write_session() as session:
            session.add(
                ReportRow(
                    slug=slug,
                    version=number,
                    kind=kind,
                    document=report.model_dump_json(),
                    created_at=datetime.now(UTC),
                )
            )

    def latest_by_version(
        self, slug: Slug, kind: ReportType, shape: type[Report]
    ) -> Mapping[int, Report]:
        """The newest report of a kind on each version of a theme, by version."""
        query = (
            select(ReportRow.version, ReportRow.document)
            .where(ReportRow.slug == slug, ReportRow.kind == kind)
            .order_by(ReportRow.id)
        )
        with self._database.read_session() as session:
            found = session.execute(query).all()
            rows = {row.version: row.document for row in found}
        what = message("storage.report_on_theme", kind=kind, theme=slug)
        return {number: read_kept(shape, text, what) for number, text in rows.items()}

    def latest(
        self, slug: Slug, number: int, kind: ReportType, shape: type[Report]
    ) -> Report | None:
        """The newest report of a kind on a version, None where none was made."""
        query = (
            select(ReportRow.document)
            .where(ReportRow.slug == slug, ReportRow.version == number, ReportRow.kind == kind)
            .order_by(ReportRow.id.desc())
            .limit(1)
        )
        with self._database.read_session() as session:
            document = session.scalar(query)
        what = message("storage.report_on_version", kind=kind, number=number, theme=slug)
        return None if document is None else read_kept(shape, document, what)
