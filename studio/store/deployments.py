"""The log of deployments: rows are only ever added, so it is also who did what."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Select, select

from studio.errors import NotFoundError, VersionConflictError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.base_image import Slug
from studio.recipes.themes.deployment import Deployment, DeploymentSpec
from studio.store.database import Database, as_utc
from studio.store.tables import DeploymentRow, ThemeRow, ThemeVersionRow


class DeploymentStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, order: DeploymentSpec, over: int | None = None) -> Deployment:
        """Puts the order into the log, from where it holds.

        `over` is the newest deployment of the theme that the operator knew of, 0 for none; None
        asks nothing. Raises Outdated when somebody else was quicker, NotFound for a version
        that is not there.
        """
        with self._database.write_session() as session:
            newest = session.scalar(_log(order.slug, order.channel).limit(1))
            if over is not None and over != (0 if newest is None else newest.id):
                raise VersionConflictError(
                    "deployment.outdated", theme=order.slug, channel=order.channel
                )
            for number in (order.version, order.canary_version):
                if number is not None and session.scalar(_version(order.slug, number)) is None:
                    raise NotFoundError(
                        "deployment.version_not_found", theme=order.slug, number=number
                    )
            row = DeploymentRow(
                channel=order.channel,
                slug=order.slug,
                document=order.model_dump_json(),
                created_at=datetime.now(UTC),
            )
            session.add(row)
            session.flush()
            return _deployment(row)

    def list_all(
        self, slug: Slug | None = None, channel: Slug | None = None
    ) -> Sequence[Deployment]:
        """The deployments of a theme, of a channel, or all; the newest first."""
        with self._database.read_session() as session:
            return [_deployment(row) for row in session.scalars(_log(slug, channel))]


def _log(slug: Slug | None, channel: Slug | None) -> Select[DeploymentRow]:
    query = select(DeploymentRow).order_by(DeploymentRow.id.desc())
    if slug is not None:
        query = query.where(DeploymentRow.slug == slug)
    return query if channel is None else query.where(DeploymentRow.channel == channel)


def _version(slug: Slug, number: int) -> Select[int]:
    return (
        select(ThemeVersionRow.id)
        .join(ThemeRow)
        .where(ThemeRow.slug == slug, ThemeVersionRow.version == number)
    )


def _deployment(row: DeploymentRow) -> Deployment:
    return Deployment(
        id=row.id,
        spec=parse_stored_document(
            DeploymentSpec, row.document, message("storage.deployment", number=row.id)
        ),
        created_at=as_utc(row.created_at),
    )
