"""Retention of requests: finds those that are too old, and deletes what their clients sent."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select

from studio.errors import InvalidDocumentError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.base_image import ZoneImages
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.serving.request_status import ACTIVE_STATES
from studio.store.database import Database
from studio.store.tables import JobRow, RequestRow

log = logging.getLogger(__name__)


class RequestRetentionStore:
    """Old requests. Statistics outlive them: only what the client sent is redacted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def older_than(self, created_before: datetime, limit: int = 50) -> Sequence[str]:
        """Ids of finished requests from before a time that are not redacted yet, oldest first."""
        active_job = exists().where(
            JobRow.request_id == RequestRow.id, JobRow.state.in_(ACTIVE_STATES)
        )
        query = (
            select(RequestRow.id)
            .where(RequestRow.created_at < created_before, ~RequestRow.redacted, ~active_job)
            .order_by(RequestRow.created_at)
            .limit(limit)
        )
        with self._database.read_session() as session:
            return session.scalars(query).all()

    def references_image(self, sha256: str) -> bool:
        """Whether a request that is not redacted uses the image as its base image."""
        query = select(RequestRow.id).where(~RequestRow.redacted, RequestRow.base_sha256 == sha256)
        with self._database.read_session() as session:
            return session.scalar(query.limit(1)) is not None

    def redact(self, request_id: str) -> str:
        """Deletes the doodle and the prompt of a request; its status and the selected variant stay.

        Of a document that cannot be read any more nothing stays. Returns the hash of the base image.
        """
        with self._database.write_session() as session:
            row = session.get_one(RequestRow, request_id)
            row.document, row.redacted = _redacted(row), True
            return row.base_sha256


def _redacted(row: RequestRow) -> str:
    what = message("storage.request", request=row.id)
    try:
        request = parse_stored_document(GenerationRequest, row.document, what)
    except InvalidDocumentError:  # Its message quotes the document, which the log must not have.
        log.warning("request %s cannot be read: emptied", row.id)
        return "{}"
    # A short prompt could be guessed from the hash of the body.
    changes = {
        "doodle": None,
        "user_prompt": "",
        "body_sha256": None,
        "zone_images": ZoneImages(),
    }
    return request.model_copy(update=changes).model_dump_json()
