"""Evaluation reports on theme versions.

The log is append-only: the latest report of a type counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from studio.messages import message
from studio.recipes.base import FrozenModel, parse_stored_document
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, ReportType, RobustnessReport
from studio.store.database import Database, as_utc
from studio.store.tables import ReportRow

Report = TypeVar("Report", bound=FrozenModel)


@dataclass(frozen=True)
class StoredReport:
    """A report with the theme version that it is about, and when it was stored."""

    slug: Slug
    version: int
    kind: ReportType
    document: RobustnessReport | RegressionReport
    created_at: datetime


class ReportStore:
    """Robustness and regression reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, slug: Slug, version: int, kind: ReportType, report: FrozenModel) -> None:
        """Adds a report on a theme version.

        It replaces older ones of its type, which stay stored.
        """
        with self._database.write_session() as session:
            session.add(_row(slug, version, kind, report))

    def change_latest(
        self,
        slug: Slug,
        version: int,
        kind: ReportType,
        model_type: type[Report],
        change: Callable[[Report], Report],
    ) -> bool:
        """Adds the latest report of a type on a version once more, with what `change` replaces in it; False
        where there is none. No report that is stored meanwhile is lost."""
        with self._database.write_session() as session:
            report = _latest(session, slug, version, kind, model_type)
            if report is None:
                return False
            changed = change(report)
            if changed != report:
                session.add(_row(slug, version, kind, changed))
        return True

    def list_latest(self, limit: int) -> Sequence[StoredReport]:
        """The latest report of each type on each version, newest first, at most `limit`."""
        latest = select(func.max(ReportRow.id)).group_by(
            ReportRow.slug, ReportRow.version, ReportRow.kind
        )
        query = select(ReportRow).where(ReportRow.id.in_(latest)).order_by(ReportRow.id.desc())
        with self._database.read_session() as session:
            return [_stored_report(row) for row in session.scalars(query.limit(limit))]

    def latest_by_version(
        self, slug: Slug, kind: ReportType, model_type: type[Report]
    ) -> Mapping[int, Report]:
        """The latest report of a type on each version of a theme, by version.

        Args:
            slug: the theme.
            kind: type of the report.
            model_type: the class that its document is parsed as.
        """
        query = (
            select(ReportRow.version, ReportRow.document)
            .where(ReportRow.slug == slug, ReportRow.kind == kind)
            .order_by(ReportRow.id)
        )
        with self._database.read_session() as session:
            rows = session.execute(query).all()
        what = message("storage.theme_report", kind=kind, theme=slug)
        documents = {row.version: row.document for row in rows}  # The last one of a version stays.
        return {
            version: parse_stored_document(model_type, document, what)
            for version, document in documents.items()
        }

    def latest(
        self, slug: Slug, version: int, kind: ReportType, model_type: type[Report]
    ) -> Report | None:
        """The latest report of a type on a version, None where there is none."""
        with self._database.read_session() as session:
            return _latest(session, slug, version, kind, model_type)


def _latest(
    session: Session, slug: Slug, version: int, kind: ReportType, model_type: type[Report]
) -> Report | None:
    query = (
        select(ReportRow.document)
        .where(ReportRow.slug == slug, ReportRow.version == version, ReportRow.kind == kind)
        .order_by(ReportRow.id.desc())
        .limit(1)
    )
    document = session.scalar(query)
    what = message("storage.version_report", kind=kind, number=version, theme=slug)
    return None if document is None else parse_stored_document(model_type, document, what)


def _row(slug: Slug, version: int, kind: ReportType, report: FrozenModel) -> ReportRow:
    return ReportRow(
        slug=slug,
        version=version,
        kind=kind,
        document=report.model_dump_json(),
        created_at=datetime.now(UTC),
    )


def _stored_report(row: ReportRow) -> StoredReport:
    kind: ReportType = "robustness" if row.kind == "robustness" else "regression"
    what = message("storage.version_report", kind=kind, number=row.version, theme=row.slug)
    document: RobustnessReport | RegressionReport
    if kind == "robustness":
        document = parse_stored_document(RobustnessReport, row.document, what)
    else:
        document = parse_stored_document(RegressionReport, row.document, what)
    return StoredReport(row.slug, row.version, kind, document, as_utc(row.created_at))
