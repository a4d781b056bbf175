"""Requests and their jobs: the truth about each state, changed by compare-and-set alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import Message, message
from studio.recipes.base import parse_stored_document
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import (
    ACTIVE_STATES,
    MAX_ATTEMPTS,
    JobState,
    JobStatus,
    RequestStatus,
)
from studio.recipes.themes.preset import SLOTS, Slot
from studio.store.database import Database, as_utc
from studio.store.job_types import Admit, Crowd, Left, Ticket, Waiting, at_once
from studio.store.tables import JobRow, RequestRow

EXPIRED_MESSAGE = message("request.waited_too_long")
MAX_ATTEMPTS_MESSAGE = message("request.never_ended")


class JobStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        request: GenerationRequest,
        client: str,
        channel: Slug,
        expires: datetime,
        key: str | None = None,
        admit: Admit = at_once,
    ) -> tuple[RequestStatus, int | None]:
        """Keeps a request with its four queued jobs, and gives the turn that `admit` lets it have; the
        one that the client sent under this key before, and None, where there is one.

        What `admit` is told holds until the request is kept, whoever else asks meanwhile. Raises what it
        raises.
        """
        with self._database.write_session() as session:
            if key is not None and (before := session.scalar(_of_key(client, key))) is not None:
                return _as_it_stands(session, before), None
            turn = admit(_crowd(session, client))
            assert request.theme_version is not None
            row = RequestRow(
                id=request.id, client=client, idempotency_key=key, theme=request.preset.slug,
                version=request.theme_version, channel=channel,
                base_sha256=request.base_image.sha256,
                document=request.model_dump_json(), created_at=datetime.now(UTC),
            )  # fmt: skip
            session.add(row)
            session.flush()
            jobs = [
                {
                    "request_id": request.id, "slot": slot, "state": "queued", "attempts": 0, "error": "",
                    "expires_at": expires, "heartbeat_at": datetime.now(UTC), "fair_share_tier": turn, "moderation_override": False,
                    "model": request.preset.recipes[slot].base_model.name,
                }
                for slot in SLOTS
            ]  # fmt: skip
            session.execute(insert(JobRow), jobs)
            return _asked(row, request, [JobRow(**each) for each in jobs]), turn

    def claim(self, request_id: str, slot: Slot) -> Ticket | None:
        """Takes a queued job to work on it; None when it is no longer to be had: begun elsewhere, or
        ended. Only `expire` judges by the clock: after a jump it knows better."""
        with self._database.write_session() as session:
            row = _job(session, request_id, slot)
            if row is None or row.state != "queued":
                return None
            row.state, row.attempts = "running", row.attempts + 1
            queued, row.heartbeat_at = as_utc(row.heartbeat_at), datetime.now(UTC)
            waited = (row.heartbeat_at - queued).total_seconds()
            return Ticket(
                request_id, slot, row.attempts, row.model, waited, row.moderation_override
            )

    def complete(self, ticket: Ticket, state: JobState, error: str = "") -> bool:
        """Says how a job ended; False, and nothing changes, when the attempt is not the newest or
        the job has ended."""
        with self._database.write_session() as session:
            row = _job(session, ticket.request_id, ticket.slot)
            if row is None or row.state != "running" or row.attempts != ticket.attempt:
                return False
            row.state, row.error = state, error
            return True

    def release_for_retry(self, ticket: Ticket, error: str) -> bool:
        """Queues a job again after an attempt that failed for no fault of its own; after
        `MOST_ATTEMPTS` it has failed. True when it is queued."""
        again = ticket.attempt < MAX_ATTEMPTS
        return (
            self.complete(ticket, "queued" if again else "failed", "" if again else error) and again
        )

    def requeue(self, ticket: Ticket) -> None:
        """Queues a job again whose drawer is told to end, and has broken it off: that attempt is not
        counted. Nothing changes when it is not the newest or the job has ended."""
        with self._database.write_session() as session:
            row = _job(session, ticket.request_id, ticket.slot)
            if row is None or row.state != "running" or row.attempts != ticket.attempt:
                return
            row.state, row.attempts, row.heartbeat_at = (
                "queued",
                row.attempts - 1,
                datetime.now(UTC),
            )

    def cancel(self, request_id: str) -> tuple[Slot, ...]:
        """Ends every job of a request that has not ended, and gives those that had not begun;
        whoever works on another finds out."""
        where = (JobRow.request_id == request_id, JobRow.state.in_(ACTIVE_STATES))
        with self._database.write_session() as session:
            rows = session.scalars(select(JobRow).where(*where).order_by(JobRow.slot)).all()
            queued = tuple(_slot(row) for row in rows if row.state == "queued")
            for row in rows:
                row.state = "cancelled"
        return queued

    def heartbeat(self, ticket: Ticket) -> None:
        """A sign of life from whoever holds a job: without one for long it is taken for dead."""
        with self._database.write_session() as session:
            session.execute(
                update(JobRow)
                .where(
                    JobRow.request_id == ticket.request_id, JobRow.slot == ticket.slot,
                    JobRow.attempts == ticket.attempt, JobRow.state == "running",
                )
                .values(heartbeat_at=datetime.now(UTC))
            )  # fmt: skip

    def is_lease_valid(self, ticket: Ticket) -> bool:
        """Whether the attempt still counts: False once it was cancelled or begun anew."""
        with self._database.read_session() as session:
            row = _job(session, ticket.request_id, ticket.slot)
            return row is not None and row.state == "running" and row.attempts == ticket.attempt

    def expire_overdue(self) -> Mapping[str, tuple[Slot, ...]]:
        """Ends queued jobs whose time is over, and gives them by request."""
        late = (JobRow.state == "queued", JobRow.expires_at <= datetime.now(UTC))
        found: dict[str, tuple[Slot, ...]] = {}
        with self._database.write_session() as session:
            for row in session.scalars(select(JobRow).where(*late).order_by(JobRow.id)):
                row.state, row.error = "expired", EXPIRED_MESSAGE.to_json()
                found[row.request_id] = (*found.get(row.request_id, ()), _slot(row))
        return found

    def extend(self, expires: datetime) -> None:
        """Gives every queued job a new time until which it may wait."""
        with self._database.write_session() as session:
            session.execute(
                update(JobRow).where(JobRow.state == "queued").values(expires_at=expires)
            )

    def requeue_stale(
        self, silent: timedelta = timedelta(), spared: Collection[tuple[str, Slot]] = ()
    ) -> Sequence[Left]:
        """Queues again what is running and has given no sign of life for so long, but for jobs that are
        `spared`; after `MOST_ATTEMPTS` it has failed. What was queued."""
        dead = (JobRow.state == "running", JobRow.heartbeat_at <= datetime.now(UTC) - silent)
        again = []
        with self._database.write_session() as session:
            for row in session.scalars(select(JobRow).where(*dead).order_by(JobRow.id)):
                if (row.request_id, row.slot) in spared:
                    continue
                if row.attempts >= MAX_ATTEMPTS:
                    row.state, row.error = "failed", MAX_ATTEMPTS_MESSAGE.to_json()
                else:
                    row.state, row.heartbeat_at = "queued", datetime.now(UTC)
                    again.append(row)
            return _by_request(again)

    def list_queued(self, silent: timedelta = timedelta()) -> Sequence[Left]:
        """What waits, and was put into the queue so long ago, the oldest first."""
        late = (JobRow.state == "queued", JobRow.heartbeat_at <= datetime.now(UTC) - silent)
        with self._database.read_session() as session:
            return _by_request(session.scalars(select(JobRow).where(*late).order_by(JobRow.id)))

    def get_status(self, request_id: str) -> RequestStatus:
        """A request as it stands. Raises NotFound."""
        with self._database.read_session() as session:
            return _as_it_stands(session, request_id)

    def get(self, request_id: str) -> GenerationRequest:
        """What was asked for. Raises NotFound."""
        with self._database.read_session() as session:
            document = session.scalar(_DOCUMENT, {"id": request_id})
        if document is None:
            raise _unknown(request_id)
        return parse_stored_document(
            GenerationRequest, document, message("storage.request", request=request_id)
        )

    def withhold(self, request_id: str, slot: Slot, reason: str) -> None:
        """Withholds a picture that was shown already. Raises NotFound where there is none."""
        with self._database.write_session() as session:
            _request(session, request_id)
            job = _job(session, request_id, slot)
            if job is None or job.state not in ("done", "withheld"):
                raise NotFoundError(
                    "request.no_variant_to_withdraw", request=request_id[:8], slot=slot
                )
            job.state, job.error = "withheld", Message(reason).to_json()

    def release_withheld(
        self, request_id: str, slot: Slot, is_made: bool, expires: datetime
    ) -> None:
        """Lets a withheld picture be shown: at once where it is made, else the job is queued anew and
        whatever a judge says of it counts no more. Raises NotFound where nothing is withheld."""
        with self._database.write_session() as session:
            _request(session, request_id)
            job = _job(session, request_id, slot)
            if job is None or job.state != "withheld":
                raise NotFoundError(
                    "request.no_variant_withheld", request=request_id[:8], slot=slot
                )
            job.state, job.error, job.moderation_override = (
                "done" if is_made else "queued",
                "",
                True,
            )
            job.attempts, job.expires_at, job.heartbeat_at = 0, expires, datetime.now(UTC)

    def select_variant(self, request_id: str, slot: Slot) -> None:
        """Which of the four the user chose. Raises NotFound, InputError for one without a picture."""
        with self._database.write_session() as session:
            row, job = _request(session, request_id), _job(session, request_id, slot)
            if job is None or job.state != "done":
                raise InvalidInputError("request.variant_without_image", slot=slot)
            row.selected_slot = slot

    def selection_counts(self, theme: Slug) -> Mapping[int, Mapping[Slot, int]]:
        """How often users chose each recipe's picture, by version."""
        query = (
            select(RequestRow.version, RequestRow.selected_slot, func.count())
            .where(RequestRow.theme == theme, RequestRow.selected_slot.is_not(None))
            .group_by(RequestRow.version, RequestRow.selected_slot)
        )
        found: dict[int, dict[Slot, int]] = {}
        with self._database.read_session() as session:
            for version, picked, count in session.execute(query):
                chosen = found.setdefault(version, dict.fromkeys(SLOTS, 0))
                chosen.update({slot: count for slot in SLOTS if slot == picked})
        return found

    def waiting(self) -> int:
        """Jobs that are queued."""
        with self._database.read_session() as session:
            return session.scalar(select(func.count()).where(JobRow.state == "queued")) or 0

    def count_running(self) -> int:
        """Jobs that are being drawn."""
        with self._database.read_session() as session:
            return session.scalar(select(func.count()).where(JobRow.state == "running")) or 0

    def queue_depths(self) -> Sequence[Waiting]:
        query = (
            select(
                JobRow.model, JobRow.fair_share_tier, func.count(), func.min(JobRow.heartbeat_at)
            )
            .where(JobRow.state == "queued")
            .group_by(JobRow.model, JobRow.fair_share_tier)
        )
        now = datetime.now(UTC)
        with self._database.read_session() as session:
            return [
                Waiting(model, turn, count, (now - as_utc(first)).total_seconds())
                for model, turn, count, first in session.execute(query)
            ]

    def count_finished_since(self, moment: datetime) -> Mapping[str, int]:
        """How many jobs of requests since then have ended, by how."""
        query = (
            select(JobRow.state, func.count())
            .join(RequestRow, RequestRow.id == JobRow.request_id)
            .where(RequestRow.created_at >= moment, JobRow.state.not_in(ACTIVE_STATES))
            .group_by(JobRow.state)
        )
        with self._database.read_session() as session:
            return dict(session.execute(query).tuples().all())

    def find_by_idempotency_key(self, client: str, key: str) -> str | None:
        """The request a client sent under a key before."""
        with self._database.read_session() as session:
            return session.scalar(_of_key(client, key))


def _of_key(client: str, key: str) -> Select[str]:
    return select(RequestRow.id).where(
        RequestRow.client == client, RequestRow.idempotency_key == key
    )


_QUEUE_LOAD_QUERY = select(
    select(func.count(func.distinct(JobRow.request_id)))
    .join(RequestRow, RequestRow.id == JobRow.request_id)
    .where(RequestRow.client == bindparam("client"), JobRow.state.in_(ACTIVE_STATES))
    .scalar_subquery(),
    select(func.count()).select_from(JobRow).where(JobRow.state == "queued").scalar_subquery(),
)
"""A client's requests that have not ended, and the jobs of all that are queued."""


def _crowd(session: Session, client: str) -> Crowd:
    def asked_since(moment: datetime) -> int:
        where = (RequestRow.client == client, RequestRow.created_at >= moment)
        return session.scalar(select(func.count()).where(*where)) or 0

    return Crowd(*session.execute(_QUEUE_LOAD_QUERY, {"client": client}).one(), asked_since)


def _request(session: Session, request_id: str) -> RequestRow:
    row = session.get(RequestRow, request_id)
    if row is None:
        raise _unknown(request_id)
    return row


def _unknown(request_id: str) -> NotFoundError:
    return NotFoundError("request.not_found", id=request_id[:32])


def _as_it_stands(session: Session, request_id: str) -> RequestStatus:
    row = _request(session, request_id)
    query = select(JobRow).where(JobRow.request_id == request_id).order_by(JobRow.slot)
    what = message("storage.request", request=request_id)
    request = parse_stored_document(GenerationRequest, row.document, what)
    return _asked(row, request, session.scalars(query))


def _asked(row: RequestRow, request: GenerationRequest, jobs: Iterable[JobRow]) -> RequestStatus:
    seen = tuple(
        JobStatus.model_validate({"slot": j.slot, "state": j.state, "attempts": j.attempts, "error": j.error})
        for j in jobs
    )  # fmt: skip
    return RequestStatus(
        id=row.id, client=row.client, theme=row.theme, version=row.version,
        channel=row.channel, base_image=request.base_image.id, seed=request.seed,
        created_at=as_utc(row.created_at), selected_slot=_picked(row), jobs=seen,
    )  # fmt: skip


_DOCUMENT = select(RequestRow.document).where(RequestRow.id == bindparam("id"))
_JOB = select(JobRow).where(
    JobRow.request_id == bindparam("request_id"), JobRow.slot == bindparam("slot")
)


def _job(session: Session, request_id: str, slot: Slot) -> JobRow | None:
    return session.scalar(_JOB, {"request_id": request_id, "slot": slot})


def _by_request(rows: Iterable[JobRow]) -> Sequence[Left]:
    found: dict[str, Left] = {}
    for row in rows:
        so_far = found.get(row.request_id, Left(row.request_id, (), row.fair_share_tier))
        found[row.request_id] = replace(so_far, slots=(*so_far.slots, _slot(row)))
    return tuple(found.values())


def _slot(row: JobRow) -> Slot:
    return next(slot for slot in SLOTS if slot == row.slot)


def _picked(row: RequestRow) -> Slot | None:
    return next((slot for slot in SLOTS if slot == row.selected_slot), None)
