"""Requests and their jobs: the truth about each state, changed by compare-and-set alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from studio.errors import InputError, NotFound
from studio.messages import Message, message
from studio.recipes.base import read_kept
from studio.recipes.canvas import Slug
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.request import Request
from studio.recipes.serving import MOST_ATTEMPTS, OPEN, Asked, JobSeen, JobState
from studio.store.database import Database, utc
from studio.store.job_types import Admit, Crowd, Left, Ticket, Waiting, at_once
from studio.store.tables import JobRow, RequestRow

LATE = message("request.waited_too_long")
POISON = message("request.never_ended")


class JobStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        request: Request,
        client: str,
        channel: Slug,
        expires: datetime,
        key: str | None = None,
        admit: Admit = at_once,
    ) -> tuple[Asked, int | None]:
        """Keeps a request with its four queued jobs, and gives the turn that `admit` lets it have; the
        one that the client sent under this key before, and None, where there is one.

        What `admit` is told holds until the request is kept, whoever else asks meanwhile. Raises what it
        raises.
        """
        with self._database.writing() as session:
            if key is not None and (before := session.scalar(_of_key(client, key))) is not None:
                return _as_it_stands(session, before), None
            turn = admit(_crowd(session, client))
            assert request.preset_version is not None
            row = RequestRow(
                id=request.id, client=client, idempotency_key=key, theme=request.preset.slug,
                version=request.preset_version, channel=channel,
                base_sha256=request.base_image.sha256,
                document=request.model_dump_json(), created=datetime.now(UTC),
            )  # fmt: skip
            session.add(row)
            session.flush()
            jobs = [
                {
                    "request_id": request.id, "letter": letter, "state": "queued", "attempts": 0, "error": "",
                    "expires": expires, "heard": datetime.now(UTC), "turn": turn, "cleared": False,
                    "model": request.preset.recipes[letter].base_model.name,
                }
                for letter in LETTERS
            ]  # fmt: skip
            session.execute(insert(JobRow), jobs)
            return _asked(row, request, [JobRow(**each) for each in jobs]), turn

    def claim(self, request_id: str, letter: Letter) -> Ticket | None:
        """Takes a queued job to work on it; None when it is no longer to be had: begun elsewhere, or
        ended. Only `expire` judges by the clock: after a jump it knows better."""
        with self._database.writing() as session:
            row = _job(session, request_id, letter)
            if row is None or row.state != "queued":
                return None
            row.state, row.attempts = "running", row.attempts + 1
            queued, row.heard = utc(row.heard), datetime.now(UTC)
            waited = (row.heard - queued).total_seconds()
            return Ticket(request_id, letter, row.attempts, row.model, waited, row.cleared)

    def end(self, ticket: Ticket, state: JobState, error: str = "") -> bool:
        """Says how a job ended; False, and nothing changes, when the attempt is not the newest or
        the job has ended."""
        with self._database.writing() as session:
            row = _job(session, ticket.request_id, ticket.letter)
            if row is None or row.state != "running" or row.attempts != ticket.attempt:
                return False
            row.state, row.error = state, error
            return True

    def give_back(self, ticket: Ticket, error: str) -> bool:
        """Queues a job again after an attempt that failed for no fault of its own; after
        `MOST_ATTEMPTS` it has failed. True when it is queued."""
        again = ticket.attempt < MOST_ATTEMPTS
        return self.end(ticket, "queued" if again else "failed", "" if again else error) and again

    def put_back(self, ticket: Ticket) -> None:
        """Queues a job again whose drawer is told to end, and has broken it off: that attempt is not
        counted. Nothing changes when it is not the newest or the job has ended."""
        with self._database.writing() as session:
            row = _job(session, ticket.request_id, ticket.letter)
            if row is None or row.state != "running" or row.attempts != ticket.attempt:
                return
            row.state, row.attempts, row.heard = "queued", row.attempts - 1, datetime.now(UTC)

    def cancel(self, request_id: str) -> tuple[Letter, ...]:
        """Ends every job of a request that has not ended, and gives those that had not begun;
        whoever works on another finds out."""
        where = (JobRow.request_id == request_id, JobRow.state.in_(OPEN))
        with self._database.writing() as session:
            rows = session.scalars(select(JobRow).where(*where).order_by(JobRow.letter)).all()
            queued = tuple(_letter(row) for row in rows if row.state == "queued")
            for row in rows:
                row.state = "cancelled"
        return queued

    def live(self, ticket: Ticket) -> None:
        """A sign of life from whoever holds a job: without one for long it is taken for dead."""
        with self._database.writing() as session:
            session.execute(
                update(JobRow)
                .where(
                    JobRow.request_id == ticket.request_id, JobRow.letter == ticket.letter,
                    JobRow.attempts == ticket.attempt, JobRow.state == "running",
                )
                .values(heard=datetime.now(UTC))
            )  # fmt: skip

    def holds(self, ticket: Ticket) -> bool:
        """Whether the attempt still counts: False once it was cancelled or begun anew."""
        with self._database.reading() as session:
            row = _job(session, ticket.request_id, ticket.letter)
            return row is not None and row.state == "running" and row.attempts == ticket.attempt

    def expire(self) -> Mapping[str, tuple[Letter, ...]]:
        """Ends queued jobs whose time is over, and gives them by request."""
        late = (JobRow.state == "queued", JobRow.expires <= datetime.now(UTC))
        found: dict[str, tuple[Letter, ...]] = {}
        with self._database.writing() as session:
            for row in session.scalars(select(JobRow).where(*late).order_by(JobRow.id)):
                row.state, row.error = "expired", LATE.to_json()
                found[row.request_id] = (*found.get(row.request_id, ()), _letter(row))
        return found

    def extend(self, expires: datetime) -> None:
        """Gives every queued job a new time until which it may wait."""
        with self._database.writing() as session:
            session.execute(update(JobRow).where(JobRow.state == "queued").values(expires=expires))

    def take_back(
        self, silent: timedelta = timedelta(), spared: Collection[tuple[str, Letter]] = ()
    ) -> Sequence[Left]:
        """Queues again what is running and has given no sign of life for so long, but for jobs that are
        `spared`; after `MOST_ATTEMPTS` it has failed. What was queued."""
        dead = (JobRow.state == "running", JobRow.heard <= datetime.now(UTC) - silent)
        again = []
        with self._database.writing() as session:
            for row in session.scalars(select(JobRow).where(*dead).order_by(JobRow.id)):
                if (row.request_id, row.letter) in spared:
                    continue
                if row.attempts >= MOST_ATTEMPTS:
                    row.state, row.error = "failed", POISON.to_json()
                else:
                    row.state, row.heard = "queued", datetime.now(UTC)
                    again.append(row)
            return _by_request(again)

    def queued(self, silent: timedelta = timedelta()) -> Sequence[Left]:
        """What waits, and was put into the queue so long ago, the oldest first."""
        late = (JobRow.state == "queued", JobRow.heard <= datetime.now(UTC) - silent)
        with self._database.reading() as session:
            return _by_request(session.scalars(select(JobRow).where(*late).order_by(JobRow.id)))

    def asked(self, request_id: str) -> Asked:
        """A request as it stands. Raises NotFound."""
        with self._database.reading() as session:
            return _as_it_stands(session, request_id)

    def request(self, request_id: str) -> Request:
        """What was asked for. Raises NotFound."""
        with self._database.reading() as session:
            document = session.scalar(_DOCUMENT, {"id": request_id})
        if document is None:
            raise _unknown(request_id)
        return read_kept(Request, document, message("storage.request", request=request_id))

    def withdraw(self, request_id: str, letter: Letter, reason: str) -> None:
        """Withholds a picture that was shown already. Raises NotFound where there is none."""
        with self._database.writing() as session:
            _request(session, request_id)
            job = _job(session, request_id, letter)
            if job is None or job.state not in ("done", "withheld"):
                raise NotFound(
                    "request.no_variant_to_withdraw", request=request_id[:8], slot=letter
                )
            job.state, job.error = "withheld", Message(reason).to_json()

    def release(self, request_id: str, letter: Letter, is_made: bool, expires: datetime) -> None:
        """Lets a withheld picture be shown: at once where it is made, else the job is queued anew and
        whatever a judge says of it counts no more. Raises NotFound where nothing is withheld."""
        with self._database.writing() as session:
            _request(session, request_id)
            job = _job(session, request_id, letter)
            if job is None or job.state != "withheld":
                raise NotFound("request.no_variant_withheld", request=request_id[:8], slot=letter)
            job.state, job.error, job.cleared = "done" if is_made else "queued", "", True
            job.attempts, job.expires, job.heard = 0, expires, datetime.now(UTC)

    def pick(self, request_id: str, letter: Letter) -> None:
        """Which of the four the user chose. Raises NotFound, InputError for one without a picture."""
        with self._database.writing() as session:
            row, job = _request(session, request_id), _job(session, request_id, letter)
            if job is None or job.state != "done":
                raise InputError("request.variant_without_image", slot=letter)
            row.picked = letter

    def picks(self, theme: Slug) -> Mapping[int, Mapping[Letter, int]]:
        """How often users chose each recipe's picture, by version."""
        query = (
            select(RequestRow.version, RequestRow.picked, func.count())
            .where(RequestRow.theme == theme, RequestRow.picked.is_not(None))
            .group_by(RequestRow.version, RequestRow.picked)
        )
        found: dict[int, dict[Letter, int]] = {}
        with self._database.reading() as session:
            for version, picked, count in session.execute(query):
                chosen = found.setdefault(version, dict.fromkeys(LETTERS, 0))
                chosen.update({letter: count for letter in LETTERS if letter == picked})
        return found

    def waiting(self) -> int:
        """Jobs that are queued."""
        with self._database.reading() as session:
            return session.scalar(select(func.count()).where(JobRow.state == "queued")) or 0

    def running(self) -> int:
        """Jobs that are being drawn."""
        with self._database.reading() as session:
            return session.scalar(select(func.count()).where(JobRow.state == "running")) or 0

    def waiting_by_model(self) -> Sequence[Waiting]:
        query = (
            select(JobRow.model, JobRow.turn, func.count(), func.min(JobRow.heard))
            .where(JobRow.state == "queued")
            .group_by(JobRow.model, JobRow.turn)
        )
        now = datetime.now(UTC)
        with self._database.reading() as session:
            return [
                Waiting(model, turn, count, (now - utc(first)).total_seconds())
                for model, turn, count, first in session.execute(query)
            ]

    def ended_since(self, moment: datetime) -> Mapping[str, int]:
        """How many jobs of requests since then have ended, by how."""
        query = (
            select(JobRow.state, func.count())
            .join(RequestRow, RequestRow.id == JobRow.request_id)
            .where(RequestRow.created >= moment, JobRow.state.not_in(OPEN))
            .group_by(JobRow.state)
        )
        with self._database.reading() as session:
            return dict(session.execute(query).tuples().all())

    def by_key(self, client: str, key: str) -> str | None:
        """The request a client sent under a key before."""
        with self._database.reading() as session:
            return session.scalar(_of_key(client, key))


def _of_key(client: str, key: str) -> Select[str]:
    return select(RequestRow.id).where(
        RequestRow.client == client, RequestRow.idempotency_key == key
    )


_CROWD = select(
    select(func.count(func.distinct(JobRow.request_id)))
    .join(RequestRow, RequestRow.id == JobRow.request_id)
    .where(RequestRow.client == bindparam("client"), JobRow.state.in_(OPEN))
    .scalar_subquery(),
    select(func.count()).select_from(JobRow).where(JobRow.state == "queued").scalar_subquery(),
)
"""A client's requests that have not ended, and the jobs of all that are queued."""


def _crowd(session: Session, client: str) -> Crowd:
    def asked_since(moment: datetime) -> int:
        where = (RequestRow.client == client, RequestRow.created >= moment)
        return session.scalar(select(func.count()).where(*where)) or 0

    return Crowd(*session.execute(_CROWD, {"client": client}).one(), asked_since)


def _request(session: Session, request_id: str) -> RequestRow:
    row = session.get(RequestRow, request_id)
    if row is None:
        raise _unknown(request_id)
    return row


def _unknown(request_id: str) -> NotFound:
    return NotFound("request.not_found", id=request_id[:32])


def _as_it_stands(session: Session, request_id: str) -> Asked:
    row = _request(session, request_id)
    query = select(JobRow).where(JobRow.request_id == request_id).order_by(JobRow.letter)
    what = message("storage.request", request=request_id)
    request = read_kept(Request, row.document, what)
    return _asked(row, request, session.scalars(query))


def _asked(row: RequestRow, request: Request, jobs: Iterable[JobRow]) -> Asked:
    seen = tuple(
        JobSeen.model_validate({"letter": j.letter, "state": j.state, "attempts": j.attempts, "error": j.error})
        for j in jobs
    )  # fmt: skip
    return Asked(
        id=row.id, client=row.client, theme=row.theme, version=row.version,
        channel=row.channel, base_image=request.base_image.id, seed=request.seed,
        created=utc(row.created), picked=_picked(row), jobs=seen,
    )  # fmt: skip


_DOCUMENT = select(RequestRow.document).where(RequestRow.id == bindparam("id"))
_JOB = select(JobRow).where(
    JobRow.request_id == bindparam("request_id"), JobRow.letter == bindparam("letter")
)


def _job(session: Session, request_id: str, letter: Letter) -> JobRow | None:
    return session.scalar(_JOB, {"request_id": request_id, "letter": letter})


def _by_request(rows: Iterable[JobRow]) -> Sequence[Left]:
    found: dict[str, Left] = {}
    for row in rows:
        so_far = found.get(row.request_id, Left(row.request_id, (), row.turn))
        found[row.request_id] = replace(so_far, letters=(*so_far.letters, _letter(row)))
    return tuple(found.values())


def _letter(row: JobRow) -> Letter:
    return next(letter for letter in LETTERS if letter == row.letter)


def _picked(row: RequestRow) -> Letter | None:
    return next((letter for letter in LETTERS if letter == row.picked), None)
