"""API clients and their keys. Only hashes of keys are stored."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from studio.errors import InvalidInputError, NotFoundError, StorageUnavailableError
from studio.messages import message
from studio.recipes.base import parse_stored_document
from studio.recipes.generation.job import OPERATOR_CLIENT
from studio.recipes.serving.request_status import ApiClient
from studio.store.database import Database, as_utc
from studio.store.tables import ApiClientRow

USE_RESOLUTION = timedelta(minutes=10)
"""How exactly the last use of a key is known: it is written no more often."""


@dataclass(frozen=True)
class ApiKey:
    """A client with the time at which its present key was made, and last used (to within minutes); None
    before that."""

    client: ApiClient
    created_at: datetime
    used_at: datetime | None


class ApiClientStore:
    """Who may call the API, within which limits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_or_rotate_key(self, client: ApiClient) -> str:
        """Adds a client, or replaces the limits and the key of the client with this name.

        Returns the new key, which cannot be read again later. Raises InvalidInputError for the name
        that is reserved for operators' own requests.
        """
        row, key = _new_row(client)
        with self._database.write_session() as session:
            session.merge(row)
        return key

    def add(self, client: ApiClient) -> str:
        """Adds a client and returns its key. Raises InvalidInputError for a name that is taken or
        reserved."""
        row, key = _new_row(client)
        with self._database.write_session() as session:
            if session.get(ApiClientRow, client.name) is not None:
                raise InvalidInputError("auth.client_name_taken", name=client.name)
            session.add(row)
        return key

    def rotate_key(self, name: str) -> tuple[ApiClient, str]:
        """Gives a client another key in place of the one it has, and returns both. Raises
        NotFoundError."""
        with self._database.write_session() as session:
            client = _client(_get_row(session, name))
            row, key = _new_row(client)
            session.merge(row)
        return client, key

    def update(self, client: ApiClient) -> None:
        """Replaces the limits, the channel and the scopes of the client with this name; its key
        stays. Raises NotFoundError."""
        with self._database.write_session() as session:
            _get_row(session, client.name).document = client.model_dump_json()

    def get(self, name: str) -> ApiClient:
        """A client by its name. Raises NotFoundError."""
        with self._database.read_session() as session:
            return _client(_get_row(session, name))

    def remove(self, name: str) -> None:
        """Deletes a client. Raises NotFoundError."""
        with self._database.write_session() as session:
            session.delete(_get_row(session, name))

    def list_all(self) -> Sequence[ApiClient]:
        """The clients, by name."""
        query = select(ApiClientRow).order_by(ApiClientRow.name)
        with self._database.read_session() as session:
            return [_client(row) for row in session.scalars(query)]

    def list_keys(self) -> Sequence[ApiKey]:
        """The clients with what is known of their keys, by name."""
        query = select(ApiClientRow).order_by(ApiClientRow.name)
        with self._database.read_session() as session:
            return [
                ApiKey(
                    client=_client(row),
                    created_at=as_utc(row.created_at),
                    used_at=None if row.used_at is None else as_utc(row.used_at),
                )
                for row in session.scalars(query)
            ]

    def find_by_key(self, key: str, now: datetime | None = None) -> ApiClient | None:
        """The client of a key, None for an unknown key. Notes that the key was used at `now`, by
        default the present.

        Keys are long and random, so that their hashes need neither salt nor stretching.
        """
        now = now or datetime.now(UTC)
        query = select(ApiClientRow).where(ApiClientRow.key_sha256 == _sha256(key))
        with self._database.read_session() as session:
            row = session.scalar(query)
            if row is None:
                return None
            client, used_at = _client(row), row.used_at
        if used_at is None or now - as_utc(used_at) >= USE_RESOLUTION:
            self._note_use(key, now)
        return client

    def _note_use(self, key: str, now: datetime) -> None:
        """A database that cannot be written for a moment is no reason to refuse a request."""
        row = ApiClientRow.key_sha256 == _sha256(key)
        statement = update(ApiClientRow).where(row).values(used_at=now)
        with suppress(StorageUnavailableError), self._database.write_session() as session:
            session.execute(statement)


def _new_row(client: ApiClient) -> tuple[ApiClientRow, str]:
    """A row with a new key, and that key. Raises InvalidInputError for a reserved name."""
    if client.name == OPERATOR_CLIENT:
        raise InvalidInputError("auth.client_name_reserved", name=OPERATOR_CLIENT)
    key = f"dts_{secrets.token_urlsafe(32)}"
    row = ApiClientRow(
        name=client.name,
        key_sha256=_sha256(key),
        document=client.model_dump_json(),
        created_at=datetime.now(UTC),
        used_at=None,
    )
    return row, key


def _get_row(session: Session, name: str) -> ApiClientRow:
    row = session.get(ApiClientRow, name)
    if row is None:
        raise NotFoundError("auth.client_not_found", name=name)
    return row


def _client(row: ApiClientRow) -> ApiClient:
    return parse_stored_document(ApiClient, row.document, message("storage.client", name=row.name))


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
