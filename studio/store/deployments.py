"""The deployment log. It is append-only, so that it also says who deployed what, and when."""

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
    """Deployments of themes to channels.

    `recipes.themes.deployment` finds the active one in the log.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, spec: DeploymentSpec, expected_latest_id: int | None = None) -> Deployment:
        """Appends a deployment.

        Args:
            spec: what is deployed, where and when.
            expected_latest_id: id of the latest deployment of the theme on this channel that the
                operator has seen, 0 for none (optimistic concurrency); None skips the check.

        Raises:
            VersionConflictError: somebody else has deployed the theme in the meantime.
            NotFoundError: a version does not exist.
        """
        with self._database.write_session() as session:
            latest = session.scalar(_log(spec.slug, spec.channel).limit(1))
            latest_id = 0 if latest is None else latest.id
            if expected_latest_id not in (None, latest_id):
                raise VersionConflictError(
                    "deployment.outdated", theme=spec.slug, channel=spec.channel
                )
            for version in (spec.version, spec.canary_version):
                if version is not None and session.scalar(_version_id(spec.slug, version)) is None:
                    raise NotFoundError(
                        "deployment.version_not_found", theme=spec.slug, number=version
                    )
            row = DeploymentRow(
                channel=spec.channel,
                slug=spec.slug,
                document=spec.model_dump_json(),
                created_at=datetime.now(UTC),
            )
            session.add(row)
            session.flush()
            return _deployment(row)

    def list_all(
        self, slug: Slug | None = None, channel: Slug | None = None
    ) -> Sequence[Deployment]:
        """The deployments of a theme, of a channel, of both or all of them; newest first."""
        with self._database.read_session() as session:
            return [_deployment(row) for row in session.scalars(_log(slug, channel))]


def _log(slug: Slug | None, channel: Slug | None) -> Select[DeploymentRow]:
    query = select(DeploymentRow).order_by(DeploymentRow.id.desc())
    if slug is not None:
        query = query.where(DeploymentRow.slug == slug)
    return query if channel is None else query.where(DeploymentRow.channel == channel)


def _version_id(slug: Slug, version: int) -> Select[int]:
    return (
        select(ThemeVersionRow.id)
        .join(ThemeRow)
        .where(ThemeRow.slug == slug, ThemeVersionRow.version == version)
    )


def _deployment(row: DeploymentRow) -> Deployment:
    return Deployment(
        id=row.id,
        spec=parse_stored_document(
            DeploymentSpec, row.document, message("storage.deployment", number=row.id)
        ),
        created_at=as_utc(row.created_at),
    )
