"""Requests that are kept no longer: found by their age, emptied of what their clients sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select

from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import ACTIVE_STATES
from studio.store.database import Database
from studio.store.tables import JobRow, RequestRow


class RequestRetentionStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def older_than(self, moment: datetime, most: int = 50) -> Sequence[str]:
        """Ended requests from before then that still hold what was sent, the oldest first."""
        open_job = exists().where(
            JobRow.request_id == RequestRow.id, JobRow.state.in_(ACTIVE_STATES)
        )
        query = (
            select(RequestRow.id)
            .where(RequestRow.created_at < moment, ~RequestRow.redacted, ~open_job)
            .order_by(RequestRow.created_at)
            .limit(most)
        )
        with self._database.read_session() as session:
            return session.scalars(query).all()

    def references_image(self, sha256: str) -> bool:
        """Whether a request that is not emptied was made with the picture."""
        holder = select(RequestRow.id).where(~RequestRow.redacted, RequestRow.base_sha256 == sha256)
        with self._database.read_session() as session:
            return session.scalar(holder.limit(1)) is not None

    def redact(self, request_id: str) -> GenerationRequest:
        """Deletes the doodle and the words; that it was asked for, and what was picked, stays. Gives
        the request as it was."""
        with self._database.write_session() as session:
            row = session.get_one(RequestRow, request_id)
            what = message("storage.request", request=request_id)
            request = parse_stored_document(GenerationRequest, row.document, what)
            # Short words could be guessed from the hash.
            bare = request.model_copy(
                update={"doodle": None, "user_prompt": "", "body_sha256": None}
            )
            row.document, row.redacted = bare.model_dump_json(), True
        return request
