"""Clients of the API and their keys, of which only hashes are kept."""

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
    def __init__(self, database: Database) -> None:
        self._database = database

    def create_or_rotate_key(self, client: ApiClient) -> str:
        """Adds the client, or gives the one of this name other limits and a new key: returned here,
        and nowhere else again. Raises InputError for the name under which operators' own runs go."""
        if client.name == OPERATOR_CLIENT:
            raise InvalidInputError("auth.client_name_reserved", name=OPERATOR_CLIENT)
        key = f"dts_{secrets.token_urlsafe(32)}"
        with self._database.write_session() as session:
            session.merge(
                ApiClientRow(
                    name=client.name, key_sha256=_hashed(key), document=client.model_dump_json(),
                    created_at=datetime.now(UTC),
                )
            )  # fmt: skip
        return key

    def remove(self, name: str) -> None:
        """Raises NotFound when there is no such client."""
        with self._database.write_session() as session:
            row = session.get(ApiClientRow, name)
            if row is None:
                raise NotFoundError("auth.client_not_found", name=name)
            session.delete(row)

    def list_all(self) -> Sequence[ApiClient]:
        with self._database.read_session() as session:
            return [_client(row) for row in session.scalars(select(ApiClientRow).order_by(ApiClientRow.name))]  # fmt: skip

    def find_by_key(self, key: str) -> ApiClient | None:
        """Whose key it is; None for nobody's. Keys are long and random: their hashes need no salt."""
        query = select(ApiClientRow).where(ApiClientRow.key_sha256 == _hashed(key))
        with self._database.read_session() as session:
            row = session.scalar(query)
            return None if row is None else _client(row)


def _client(row: ApiClientRow) -> ApiClient:
    return parse_stored_document(ApiClient, row.document, message("storage.client", name=row.name))


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
