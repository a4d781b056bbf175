"""API clients and their keys. Only hashes of keys are stored."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.generation.job import OPERATOR_CLIENT
from studio.recipes.serving.request_status import ApiClient
from studio.store.database import Database
from studio.store.tables import ApiClientRow


class ApiClientStore:
    """Who may call the API, within which limits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_or_rotate_key(self, client: ApiClient) -> str:
        """Adds a client, or replaces the limits and the key of the client with this name.

        Returns the new key, which cannot be read again later. Raises InvalidInputError for the name
        that is reserved for operators' own requests.
        """
        if client.name == OPERATOR_CLIENT:
            raise InvalidInputError("auth.client_name_reserved", name=OPERATOR_CLIENT)
        key = f"dts_{secrets.token_urlsafe(32)}"
        row = ApiClientRow(
            name=client.name,
            key_sha256=_sha256(key),
            document=client.model_dump_json(),
            created_at=datetime.now(UTC),
        )
        with self._database.write_session() as session:
            session.merge(row)
        return key

    def remove(self, name: str) -> None:
        """Deletes a client. Raises NotFoundError."""
        with self._database.write_session() as session:
            row = session.get(ApiClientRow, name)
            if row is None:
                raise NotFoundError("auth.client_not_found", name=name)
            session.delete(row)

    def list_all(self) -> Sequence[ApiClient]:
        """The clients, by name."""
        query = select(ApiClientRow).order_by(ApiClientRow.name)
        with self._database.read_session() as session:
            return [_client(row) for row in session.scalars(query)]

    def find_by_key(self, key: str) -> ApiClient | None:
        """The client of a key, None for an unknown key.

        Keys are long and random, so that their hashes need neither salt nor stretching.
        """
        query = select(ApiClientRow).where(ApiClientRow.key_sha256 == _sha256(key))
        with self._database.read_session() as session:
            row = session.scalar(query)
            return None if row is None else _client(row)


def _client(row: ApiClientRow) -> ApiClient:
    return parse_stored_document(ApiClient, row.document, message("storage.client", name=row.name))


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
