"""SQL conditions of the history's filter."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, tuple_
from sqlalchemy.orm import aliased

from studio.recipes.generation.job import OPERATOR_CLIENT
from studio.recipes.history import HistoryFilter, LabelKind
from studio.store.tables import RequestRow, SelectionRow, VariantLabelRow, VariantRow


def matches(
    filter_: HistoryFilter, row: type[VariantRow] = VariantRow
) -> list[ColumnElement[bool]]:
    """The conditions that a row of the table `variants`, or of an alias of it, must meet."""
    equal = {row.theme_slug: filter_.theme, row.slot: filter_.slot, row.sampler: filter_.sampler}
    conditions = [column == value for column, value in equal.items() if value is not None]
    if filter_.model is not None:
        conditions.append(row.models.contains(f"\n{filter_.model}\n", autoescape=True))
    if filter_.text is not None:
        conditions.append(row.prompt.contains(filter_.text.lower(), autoescape=True))
    if filter_.created_after is not None:
        conditions.append(row.created_at >= _start(filter_.created_after))
    if filter_.created_before is not None:
        conditions.append(row.created_at < _end(filter_.created_before))
    if filter_.client is not None:
        conditions.append(_is_from(row, filter_.client))
    return conditions + _are_marked(filter_, row)


def is_last_of_its_run(filter_: HistoryFilter) -> ColumnElement[bool]:
    """Whether no later variant of the same request matches: this one stands for the run.

    A request has four variants at most, which the unique index on request and slot finds.
    """
    later = aliased(VariantRow)
    return ~exists().where(
        later.request_id == VariantRow.request_id,
        later.id > VariantRow.id,
        *matches(filter_, later),
    )


def _is_from(row: type[VariantRow], client: str) -> ColumnElement[bool]:
    """Requests of API clients alone are stored; what operators render has none."""
    if client == OPERATOR_CLIENT:
        return row.request_id.not_in(select(RequestRow.id))
    return row.request_id.in_(select(RequestRow.id).where(RequestRow.client == client))


def _are_marked(filter_: HistoryFilter, row: type[VariantRow]) -> list[ColumnElement[bool]]:
    labels: tuple[tuple[LabelKind, str | None], ...] = (
        ("star", "" if filter_.starred else None),
        ("tag", filter_.tag),
        ("collection", filter_.collection),
    )
    conditions = [_has_label(row, kind, name) for kind, name in labels if name is not None]
    if filter_.selected:
        conditions.append(_is_selected(row))
    return conditions


def _is_selected(row: type[VariantRow]) -> ColumnElement[bool]:
    """On the studio page, or by an API client."""
    variant = tuple_(row.request_id, row.slot)
    by_client = select(RequestRow.id, RequestRow.selected_slot).where(
        RequestRow.selected_slot.is_not(None)
    )
    return or_(
        variant.in_(select(SelectionRow.request_id, SelectionRow.slot)), variant.in_(by_client)
    )


def _has_label(row: type[VariantRow], kind: LabelKind, name: str) -> ColumnElement[bool]:
    """Few variants have a label: the database looks these up, not each variant's labels."""
    labels = select(VariantLabelRow.variant_id).where(
        VariantLabelRow.kind == kind, VariantLabelRow.name == name
    )
    return row.id.in_(labels)


def _start(bound: date) -> datetime:
    """A timestamp in UTC, or the first one of a day."""
    if isinstance(bound, datetime):
        return bound.astimezone(UTC)
    return datetime.combine(bound, time(), UTC)


def _end(bound: date) -> datetime:
    """A timestamp in UTC, or the first one after a day."""
    return _start(bound) if isinstance(bound, datetime) else _start(bound) + timedelta(days=1)
