"""SQL conditions of the history's filter."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from studio.recipes.history import HistoryFilter, LabelKind
from studio.store.tables import VariantLabelRow, VariantRow


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
        conditions.append(row.created_at >= _midnight(filter_.created_after))
    if filter_.created_before is not None:
        conditions.append(row.created_at < _midnight(filter_.created_before) + timedelta(days=1))
    if filter_.starred:
        conditions.append(_has_label(row, "star", ""))
    if filter_.tag is not None:
        conditions.append(_has_label(row, "tag", filter_.tag))
    if filter_.collection is not None:
        conditions.append(_has_label(row, "collection", filter_.collection))
    return conditions


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


def _has_label(row: type[VariantRow], kind: LabelKind, name: str) -> ColumnElement[bool]:
    """Few variants have a label: the database looks these up, not each variant's labels."""
    labels = select(VariantLabelRow.variant_id).where(
        VariantLabelRow.kind == kind, VariantLabelRow.name == name
    )
    return row.id.in_(labels)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
