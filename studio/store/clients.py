"""Clients of the API and their keys, of which only hashes are kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from studio.errors import InputError, NotFound
from studio.messages import message
from studio.recipes.base import read_kept
from studio.recipes.request import OPERATOR
from studio.recipes.serving import Client
from studio.store.database import Database
from studio.store.tables import ClientRow


class ClientStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, client: Client) -> str:
        """Adds the client, or gives the one of this name other limits and a new key: returned here,
        and nowhere else again. Raises InputError for the name under which operators' own runs go."""
        if client.name == OPERATOR:
            raise InputError("auth.client_name_reserved", name=OPERATOR)
        key = f"dts_{secrets.token_urlsafe(32)}"
        with self._database.writing() as session:
            session.merge(
                ClientRow(
                    name=client.name, key_sha256=_hashed(key), document=client.model_dump_json(),
                    created=datetime.now(UTC),
                )
            )  # fmt: skip
        return key

    def remove(self, name: str) -> None:
        """Raises NotFound when there is no such client."""
        with self._database.writing() as session:
            row = session.get(ClientRow, name)
            if row is None:
                raise NotFound("auth.client_not_found", name=name)
            session.delete(row)

    def all(self) -> Sequence[Client]:
        with self._database.reading() as session:
            return [_client(row) for row in session.scalars(select(ClientRow).order_by(ClientRow.name))]  # fmt: skip

    def of_key(self, key: str) -> Client | None:
        """Whose key it is; None for nobody's. Keys are long and random: their hashes need no salt."""
        query = select(ClientRow).where(ClientRow.key_sha256 == _hashed(key))
        with self._database.reading() as session:
            row = session.scalar(query)
            return None if row is None else _client(row)


def _client(row: ClientRow) -> Client:
    return read_kept(Client, row.document, message("storage.client", name=row.name))


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
