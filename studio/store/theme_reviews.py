"""The review log of theme versions. It is append-only."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.base_image import Slug
from studio.recipes.themes.review import Review, ReviewKind, ReviewSpec, ReviewState, review_state
from studio.store.database import Database, as_utc
from studio.store.tables import ThemeReviewRow, ThemeRow, ThemeVersionRow

MAX_REVIEWS = 500
"""Entries of a version's review log, which pages and the API show whole."""


class ThemeReviewStore:
    """Comments on theme versions, and who approved them.

    `recipes.themes.review` finds a version's state in the log.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, slug: Slug, version: int, spec: ReviewSpec) -> Review:
        """Appends an entry.

        Raises NotFoundError where there is no such version, InvalidInputError where it has `MAX_REVIEWS` entries.
        """
        with self._database.write_session() as session:
            _check_version(session, slug, version)
            row = ThemeReviewRow(
                slug=slug,
                version=version,
                kind=spec.kind,
                document=spec.model_dump_json(),
                created_at=datetime.now(UTC),
            )
            session.add(row)
            session.flush()
            return _review(row)

    def list_for_version(self, slug: Slug, version: int) -> Sequence[Review]:
        """The entries on a version, oldest first."""
        query = (
            select(ThemeReviewRow)
            .where(ThemeReviewRow.slug == slug, ThemeReviewRow.version == version)
            .order_by(ThemeReviewRow.id)
        )
        with self._database.read_session() as session:
            return [_review(row) for row in session.scalars(query)]

    def states(self, slug: Slug | None = None) -> Mapping[tuple[Slug, int], ReviewState]:
        """The state of each version with entries that change it, by slug and version; None: of all themes."""
        query = (
            select(ThemeReviewRow.slug, ThemeReviewRow.version, ThemeReviewRow.kind)
            .where(ThemeReviewRow.kind != "comment")
            .order_by(ThemeReviewRow.id)
        )
        if slug is not None:
            query = query.where(ThemeReviewRow.slug == slug)
        kinds: dict[tuple[Slug, int], list[ReviewKind]] = {}
        with self._database.read_session() as session:
            for theme, version, stored in session.execute(query):
                of_version = kinds.setdefault((theme, version), [])
                of_version += [kind for kind in get_args(ReviewKind) if kind == stored]
        return {key: review_state(of_version) for key, of_version in kinds.items()}


def _check_version(session: Session, slug: Slug, version: int) -> None:
    version_id = (
        select(ThemeVersionRow.id)
        .join(ThemeRow)
        .where(ThemeRow.slug == slug, ThemeVersionRow.version == version)
    )
    if session.scalar(version_id) is None:
        raise NotFoundError("deployment.version_not_found", theme=slug, number=version)
    of_version = ThemeReviewRow.slug == slug, ThemeReviewRow.version == version
    count = session.scalar(select(func.count()).select_from(ThemeReviewRow).where(*of_version))
    if (count or 0) >= MAX_REVIEWS:
        raise InvalidInputError("theme.reviews_full", theme=slug, number=version, most=MAX_REVIEWS)


def _review(row: ThemeReviewRow) -> Review:
    return Review(
        id=row.id,
        version=row.version,
        spec=parse_stored_document(
            ReviewSpec, row.document, message("storage.theme_review", number=row.id)
        ),
        created_at=as_utc(row.created_at),
    )
