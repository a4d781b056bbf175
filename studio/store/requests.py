"""Clients' requests: admission, status, moderation overrides and selected variants."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select
from sqlalchemy.orm import Session

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import Message, message
from studio.recipes.base import parse_stored_document
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import ACTIVE_STATES, JobStatus, RequestStatus
from studio.recipes.themes.preset import SLOTS, Slot
from studio.store.database import Database, as_utc
from studio.store.job_rows import find_job
from studio.store.job_types import AdmissionPolicy, QueueLoad, admit_always
from studio.store.tables import JobRow, RequestRow


class RequestStore:
    """Requests with their four jobs. `store.job_queue.JobQueue` works the jobs off."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        request: GenerationRequest,
        client: str,
        channel: Slug,
        expires_at: datetime,
        idempotency_key: str | None = None,
        admit: AdmissionPolicy = admit_always,
    ) -> tuple[RequestStatus, int | None]:
        """Adds a request with its four queued jobs.

        Args:
            request: what is to be rendered, with a theme version.
            client: name of the API client.
            channel: deployment channel that the client is served from.
            expires_at: when jobs that are still queued expire.
            idempotency_key: a request that this client sent under the same key is returned instead.
            admit: decides, inside the transaction, whether the request is let in. The load that it
                gets cannot change until the request is added, however many processes admit at once.

        Returns:
            The request's status and its fair-share tier; None as the tier of a request that was
            there already.

        Raises:
            Exception: whatever `admit` raises.
        """
        with self._database.write_session() as session:
            if idempotency_key is not None:
                existing = session.scalar(_by_idempotency_key(client, idempotency_key))
                if existing is not None:
                    return _load_status(session, existing), None
            tier = admit(_queue_load(session, client))
            row = _request_row(request, client, channel, idempotency_key)
            session.add(row)
            session.flush()
            jobs = _job_values(request, expires_at, tier)
            session.execute(insert(JobRow), jobs)
            return _status(row, request, [JobRow(**values) for values in jobs]), tier

    def get_status(self, request_id: str) -> RequestStatus:
        """The request with the states of its jobs. Raises NotFoundError."""
        with self._database.read_session() as session:
            return _load_status(session, request_id)

    def get(self, request_id: str) -> GenerationRequest:
        """The request as the client sent it. Raises NotFoundError."""
        with self._database.read_session() as session:
            document = session.scalar(_DOCUMENT, {"id": request_id})
        if document is None:
            raise _not_found(request_id)
        return _parse(request_id, document)

    def find_by_idempotency_key(self, client: str, idempotency_key: str) -> str | None:
        """The id of the request that a client sent under a key, None where there is none."""
        with self._database.read_session() as session:
            return session.scalar(_by_idempotency_key(client, idempotency_key))

    def withhold(self, request_id: str, slot: Slot, reason: str) -> None:
        """Withholds a finished variant that was already shown.

        Raises NotFoundError when the job has not finished with a variant.
        """
        with self._database.write_session() as session:
            _get_row(session, request_id)
            job = find_job(session, request_id, slot)
            if job is None or job.state not in ("done", "withheld"):
                raise NotFoundError(
                    "request.no_variant_to_withdraw", request=request_id[:8], slot=slot
                )
            job.state, job.error = "withheld", Message(reason).to_json()

    def release_withheld(
        self, request_id: str, slot: Slot, image_exists: bool, expires_at: datetime
    ) -> None:
        """Overrides moderation for a withheld variant.

        With an image the job is done at once. Without one it is queued again, until `expires_at`,
        and its image is not moderated. Raises NotFoundError when the variant is not withheld.
        """
        with self._database.write_session() as session:
            _get_row(session, request_id)
            job = find_job(session, request_id, slot)
            if job is None or job.state != "withheld":
                raise NotFoundError(
                    "request.no_variant_withheld", request=request_id[:8], slot=slot
                )
            job.state, job.error = "done" if image_exists else "queued", ""
            job.moderation_override = True
            job.attempts, job.expires_at, job.heartbeat_at = 0, expires_at, datetime.now(UTC)

    def select_variant(self, request_id: str, slot: Slot) -> None:
        """Records which of the four variants the user selected.

        Raises NotFoundError, and InvalidInputError for a variant without an image.
        """
        with self._database.write_session() as session:
            row, job = _get_row(session, request_id), find_job(session, request_id, slot)
            if job is None or job.state != "done":
                raise InvalidInputError("request.variant_without_image", slot=slot)
            row.selected_slot = slot

    def request_counts(self, theme: Slug) -> Mapping[int, int]:
        """How many requests were made with each version of a theme."""
        query = (
            select(RequestRow.version, func.count())
            .where(RequestRow.theme == theme)
            .group_by(RequestRow.version)
        )
        with self._database.read_session() as session:
            return dict(session.execute(query).tuples().all())

    def selection_counts(self, theme: Slug) -> Mapping[int, Mapping[Slot, int]]:
        """How often users selected each slot's variant, by theme version."""
        query = (
            select(RequestRow.version, RequestRow.selected_slot, func.count())
            .where(RequestRow.theme == theme, RequestRow.selected_slot.is_not(None))
            .group_by(RequestRow.version, RequestRow.selected_slot)
        )
        counts: dict[int, dict[Slot, int]] = {}
        with self._database.read_session() as session:
            for version, selected, count in session.execute(query):
                of_version = counts.setdefault(version, dict.fromkeys(SLOTS, 0))
                of_version.update({slot: count for slot in SLOTS if slot == selected})
        return counts


_QUEUE_LOAD_QUERY = select(
    select(func.count(func.distinct(JobRow.request_id)))
    .join(RequestRow, RequestRow.id == JobRow.request_id)
    .where(RequestRow.client == bindparam("client"), JobRow.state.in_(ACTIVE_STATES))
    .scalar_subquery(),
    select(func.count()).select_from(JobRow).where(JobRow.state == "queued").scalar_subquery(),
)
"""A client's active requests, and the queued jobs of all clients."""
_DOCUMENT = select(RequestRow.document).where(RequestRow.id == bindparam("id"))


def _queue_load(session: Session, client: str) -> QueueLoad:
    def count_requests_since(since: datetime) -> int:
        where = (RequestRow.client == client, RequestRow.created_at >= since)
        return session.scalar(select(func.count()).where(*where)) or 0

    counts = session.execute(_QUEUE_LOAD_QUERY, {"client": client}).one()
    return QueueLoad(*counts, count_requests_since)


def _by_idempotency_key(client: str, idempotency_key: str) -> Select[str]:
    return select(RequestRow.id).where(
        RequestRow.client == client, RequestRow.idempotency_key == idempotency_key
    )


def _request_row(
    request: GenerationRequest, client: str, channel: Slug, idempotency_key: str | None
) -> RequestRow:
    assert request.theme_version is not None
    return RequestRow(
        id=request.id,
        client=client,
        idempotency_key=idempotency_key,
        theme=request.preset.slug,
        version=request.theme_version,
        channel=channel,
        base_sha256=request.base_image.sha256,
        document=request.model_dump_json(),
        created_at=datetime.now(UTC),
    )


def _job_values(
    request: GenerationRequest, expires_at: datetime, tier: int
) -> list[dict[str, Any]]:
    return [
        {
            "request_id": request.id,
            "slot": slot,
            "state": "queued",
            "attempts": 0,
            "error": "",
            "expires_at": expires_at,
            "heartbeat_at": datetime.now(UTC),
            "fair_share_tier": tier,
            "moderation_override": False,
            "model": request.preset.recipes[slot].base_model.name,
        }
        for slot in SLOTS
    ]


def _get_row(session: Session, request_id: str) -> RequestRow:
    row = session.get(RequestRow, request_id)
    if row is None:
        raise _not_found(request_id)
    return row


def _not_found(request_id: str) -> NotFoundError:
    return NotFoundError("request.not_found", id=request_id[:32])


def _parse(request_id: str, document: str) -> GenerationRequest:
    return parse_stored_document(
        GenerationRequest, document, message("storage.request", request=request_id)
    )


def _load_status(session: Session, request_id: str) -> RequestStatus:
    row = _get_row(session, request_id)
    jobs = select(JobRow).where(JobRow.request_id == request_id).order_by(JobRow.slot)
    return _status(row, _parse(request_id, row.document), session.scalars(jobs))


def _status(row: RequestRow, request: GenerationRequest, jobs: Iterable[JobRow]) -> RequestStatus:
    return RequestStatus(
        id=row.id,
        client=row.client,
        theme=row.theme,
        version=row.version,
        channel=row.channel,
        base_image=request.base_image.id,
        seed=request.seed,
        created_at=as_utc(row.created_at),
        selected_slot=next((slot for slot in SLOTS if slot == row.selected_slot), None),
        jobs=tuple(_job_status(job) for job in jobs),
    )


def _job_status(job: JobRow) -> JobStatus:
    values = {"slot": job.slot, "state": job.state, "attempts": job.attempts, "error": job.error}
    return JobStatus.model_validate(values)
