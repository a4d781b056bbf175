"""Lookups of job rows that the request store and the job queue share."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from studio.recipes.themes.preset import SLOTS, Slot
from studio.store.tables import JobRow

# Built once: it runs several times for each job.
_FIND_JOB = select(JobRow).where(
    JobRow.request_id == bindparam("request_id"), JobRow.slot == bindparam("slot")
)


def find_job(session: Session, request_id: str, slot: Slot) -> JobRow | None:
    """The row of one job, None where there is none."""
    return session.scalar(_FIND_JOB, {"request_id": request_id, "slot": slot})


def slot_of(row: JobRow) -> Slot:
    """The row's slot with its literal type."""
    return next(slot for slot in SLOTS if slot == row.slot)
