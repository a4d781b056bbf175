"""What the rows of variants say together with those of their requests, labels and selections."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.generation.job import Variant
from studio.recipes.history import StoredVariant, VariantLabels
from studio.store.tables import RequestRow, SelectionRow, VariantRow
from studio.store.variant_labels import load_labels


def stored_variants(session: Session, rows: Sequence[VariantRow]) -> tuple[StoredVariant, ...]:
    """The variants of `rows`, in their order, with labels, doodles and selections."""
    labels = load_labels(session, [row.id for row in rows])
    selections = _selections(session, [row.request_id for row in rows])
    return tuple(
        StoredVariant(
            id=row.id,
            variant=parse_variant(row),
            labels=labels.get(row.id, VariantLabels()),
            doodle_sha256=row.doodle_sha256,
            selected=selections.get(row.request_id) == row.slot,
        )
        for row in rows
    )


def _selections(session: Session, request_ids: Sequence[str]) -> Mapping[str, str]:
    """The slot that was picked of each request that has one, on the studio page or by its client."""
    by_clients = select(RequestRow.id, RequestRow.selected_slot).where(
        RequestRow.id.in_(request_ids)
    )
    by_operators = select(SelectionRow.request_id, SelectionRow.slot).where(
        SelectionRow.request_id.in_(request_ids)
    )
    selections = {id_: slot for id_, slot in session.execute(by_clients) if slot is not None}
    selections.update({row.request_id: row.slot for row in session.execute(by_operators)})
    return selections


def variants_by_request(
    session: Session, request_ids: Sequence[str]
) -> Mapping[str, tuple[StoredVariant, ...]]:
    """All variants of each request that has any, by slot."""
    query = (
        select(VariantRow)
        .where(VariantRow.request_id.in_(request_ids))
        .order_by(VariantRow.request_id, VariantRow.slot)
    )
    rows = stored_variants(session, session.scalars(query).all())
    groups = groupby(rows, lambda row: row.variant.request_id)
    return {request_id: tuple(variants) for request_id, variants in groups}


def client_names(session: Session, request_ids: Sequence[str]) -> Mapping[str, str]:
    """The client of each request that came by the API."""
    query = select(RequestRow.id, RequestRow.client).where(RequestRow.id.in_(request_ids))
    return {row.id: row.client for row in session.execute(query)}


def parse_variant(row: VariantRow) -> Variant:
    """The variant in a row. Raises InvalidDocumentError for a document that cannot be read."""
    return parse_stored_document(Variant, row.document, message("storage.variant", number=row.id))
