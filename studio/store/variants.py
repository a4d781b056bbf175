"""Finished variants: records in the database, images in the image store."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from studio.errors import NotFoundError
from studio.recipes.generation.job import OPERATOR_CLIENT, Variant
from studio.recipes.history import (
    HistoryFilter,
    HistoryRun,
    RunPage,
    StoredVariant,
    VariantPage,
)
from studio.recipes.themes.preset import SLOTS
from studio.store.database import Database
from studio.store.images.files import ImageStore
from studio.store.tables import BaseImageRow, RequestRow, ThemeVersionRow, VariantRow
from studio.store.variant_filter import is_last_of_its_run, matches
from studio.store.variant_rows import (
    client_names,
    parse_variant,
    stored_variants,
    variants_by_request,
)


class VariantStore:
    """Variants with what made them, for clients, the history and cost estimates."""

    def __init__(self, database: Database, images: ImageStore) -> None:
        self._database = database
        self._images = images

    def add(self, variant: Variant, png: bytes, doodle: bytes | None = None) -> None:
        """Stores a variant, with its doodle's PNG where there is one.

        The images are written first, so that no row is without them.

        A job that was rendered twice, because its first worker was taken for dead, keeps its first
        variant.
        """
        self._images.write(png)
        doodle_sha256 = None if doodle is None else self._images.write(doodle)
        with self._database.write_session() as session:
            same_job = VariantRow.request_id == variant.request_id, VariantRow.slot == variant.slot
            if session.scalar(select(exists().where(*same_job))):
                return
            session.add(
                VariantRow(
                    request_id=variant.request_id,
                    slot=variant.slot,
                    theme_slug=variant.theme_slug,
                    theme_version=variant.theme_version,
                    image_sha256=variant.image_sha256,
                    document=variant.model_dump_json(),
                    created_at=variant.created_at,
                    prompt=variant.prompt.lower(),
                    models="".join(f"\n{used.name}\n" for used in variant.models),
                    sampler=variant.recipe.sampler,
                    doodle_sha256=doodle_sha256,
                )
            )

    def list_for_request(self, request_id: str) -> Sequence[Variant]:
        """The variants of a request, by slot."""
        query = (
            select(VariantRow).where(VariantRow.request_id == request_id).order_by(VariantRow.slot)
        )
        with self._database.read_session() as session:
            return [parse_variant(row) for row in session.scalars(query)]

    def list_stored(self, request_id: str) -> Sequence[StoredVariant]:
        """The same with what is stored about them."""
        with self._database.read_session() as session:
            return variants_by_request(session, [request_id]).get(request_id, ())

    def list_for_version(self, slug: str, version: int, limit: int = 100) -> Sequence[Variant]:
        """The latest variants that a theme version made, newest first."""
        query = (
            select(VariantRow)
            .where(VariantRow.theme_slug == slug, VariantRow.theme_version == version)
            .order_by(VariantRow.id.desc())
            .limit(limit)
        )
        with self._database.read_session() as session:
            return [parse_variant(row) for row in session.scalars(query)]

    def complete_runs(
        self, slug: str, version: int | None = None, limit: int = 8
    ) -> Sequence[Sequence[Variant]]:
        """The latest runs of operators whose four variants are all stored, newest first.

        Requests of clients are left out: what players draw is shown on no overview.

        Args:
            slug: the theme.
            version: its version; None: any saved one.
            limit: runs at most.
        """
        with self._database.read_session() as session:
            ids = session.scalars(_complete_runs(slug, version).limit(limit)).all()
            rows = session.scalars(
                select(VariantRow).where(VariantRow.request_id.in_(ids)).order_by(VariantRow.slot)
            ).all()
            by_run = {
                id_: [parse_variant(row) for row in rows if row.request_id == id_] for id_ in ids
            }
        return list(by_run.values())

    def list_latest(self, limit: int) -> Sequence[Variant]:
        """The latest variants of all themes, newest first."""
        query = select(VariantRow).order_by(VariantRow.id.desc()).limit(limit)
        with self._database.read_session() as session:
            return [parse_variant(row) for row in session.scalars(query)]

    def query(
        self, filter_: HistoryFilter, before_id: int | None = None, limit: int = 60
    ) -> VariantPage:
        """One page of the matching variants, newest first.

        Args:
            filter_: what to look for.
            before_id: the `next_cursor` of the page before.
            limit: length of the page.
        """
        query = select(VariantRow).where(*matches(filter_))
        if before_id is not None:
            query = query.where(VariantRow.id < before_id)
        with self._database.read_session() as session:
            rows = session.scalars(query.order_by(VariantRow.id.desc()).limit(limit + 1)).all()
            page = stored_variants(session, rows[:limit])
        return VariantPage(rows=page, next_cursor=page[-1].id if len(rows) > limit else None)

    def query_runs(
        self, filter_: HistoryFilter, before_id: int | None = None, limit: int = 20
    ) -> RunPage:
        """One page of the runs of which a variant matches, newest first, each with all of its
        variants. Arguments as those of `query`."""
        query = select(VariantRow.id, VariantRow.request_id).where(*matches(filter_))
        query = query.where(is_last_of_its_run(filter_))
        if before_id is not None:
            query = query.where(VariantRow.id < before_id)
        with self._database.read_session() as session:
            last = session.execute(query.order_by(VariantRow.id.desc()).limit(limit + 1)).all()
            request_ids = [row.request_id for row in last[:limit]]
            clients = client_names(session, request_ids)
            variants = variants_by_request(session, request_ids)
        runs = tuple(
            HistoryRun(
                request_id=request_id,
                client=clients.get(request_id, OPERATOR_CLIENT),
                variants=variants[request_id],
            )
            for request_id in request_ids
        )
        return RunPage(runs=runs, next_cursor=last[limit - 1].id if len(last) > limit else None)

    def get_many(self, ids: Sequence[int]) -> Sequence[StoredVariant]:
        """The variants with these ids, oldest first; unknown ids are skipped."""
        query = select(VariantRow).where(VariantRow.id.in_(ids)).order_by(VariantRow.id)
        with self._database.read_session() as session:
            return list(stored_variants(session, session.scalars(query).all()))

    def delete(self, ids: Sequence[int]) -> int:
        """Deletes variants, and their images and doodles where nothing else references them.

        Returns how many.
        """
        return self._delete(VariantRow.id.in_(ids))

    def delete_for_request(self, request_id: str) -> int:
        """Deletes the variants of a request, as `delete` does."""
        return self._delete(VariantRow.request_id == request_id)

    def _delete(self, condition: ColumnElement[bool]) -> int:
        with self._database.write_session() as session:
            rows = session.scalars(select(VariantRow).where(condition)).all()
            images = {row.image_sha256 for row in rows}
            images |= {row.doodle_sha256 for row in rows if row.doodle_sha256}
            for row in rows:
                session.delete(row)
        for sha256 in images:
            self.delete_image_if_unreferenced(sha256)
        return len(rows)

    def delete_image_if_unreferenced(self, sha256: str) -> None:
        """Deletes an image that no variant, base image or recipe references any more."""
        with self._database.read_session() as session:
            if _is_referenced(session, sha256):
                return
        self._images.remove(sha256)

    def png(self, variant: Variant) -> bytes:
        """The image of a variant. Raises NotFoundError when its file is missing."""
        return self._images.get(variant.image_sha256)

    def read_image(self, sha256: str) -> bytes:
        """The image or the doodle of a variant by its hash.

        Raises NotFoundError when no variant has it.
        """
        columns = VariantRow.image_sha256, VariantRow.doodle_sha256
        with self._database.read_session() as session:
            if not any(
                session.scalar(select(exists().where(column == sha256))) for column in columns
            ):
                raise NotFoundError("history.image_not_found", image=sha256[:10])
        return self._images.get(sha256)


def _complete_runs(slug: str, version: int | None) -> Select[str]:
    """The ids of operators' runs with all variants, latest first."""
    of_version = (
        VariantRow.theme_version.is_not(None)
        if version is None
        else VariantRow.theme_version == version
    )
    return (
        select(VariantRow.request_id)
        .where(
            VariantRow.theme_slug == slug,
            of_version,
            VariantRow.request_id.not_in(select(RequestRow.id)),
        )
        .group_by(VariantRow.request_id)
        .having(func.count() == len(SLOTS))
        .order_by(func.max(VariantRow.id).desc())
    )


def _is_referenced(session: Session, sha256: str) -> bool:
    """Whether a variant, a base image or a control unit of a theme version uses the image."""
    return any(
        session.scalar(select(exists().where(condition)))
        for condition in (
            VariantRow.image_sha256 == sha256,
            VariantRow.doodle_sha256 == sha256,
            BaseImageRow.sha256 == sha256,
            ThemeVersionRow.document.contains(sha256),
        )
    )
