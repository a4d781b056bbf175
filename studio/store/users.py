"""Users, their passwords, of which only a hash is kept, and their sessions."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from studio.errors import InvalidInputError, NotFoundError
from studio.store.database import Database
from studio.store.tables import SessionRow, UserRow

MIN_PASSWORD_LENGTH = 10
"""Characters of the shortest password taken (NIST SP 800-63B asks for eight)."""
SCRYPT_PARAMS = {"n": 2**15, "r": 8, "p": 3}
"""scrypt's cost: 32 MB, some 0.3 s a try (one of those that OWASP advises)."""
NOBODY = "$".join(base64.b64encode(bytes(length)).decode() for length in (16, 64))
"""A hash that no password has, for names that do not exist."""


class UserStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def set_password(self, name: str, password: str) -> None:
        """Adds the user, or gives the one of this name a new password.

        Raises InputError for a name or password that cannot be.
        """
        if not (0 < len(name) <= 63 and name.isprintable() and name == name.strip()):
            raise InvalidInputError("auth.user_name_invalid", name=repr(name))
        if len(password) < MIN_PASSWORD_LENGTH:
            raise InvalidInputError("auth.password_too_short", least=MIN_PASSWORD_LENGTH)
        with self._database.write_session() as session:
            session.merge(
                UserRow(name=name, password_hash=_hashed(password), created_at=datetime.now(UTC))
            )

    def remove(self, name: str) -> None:
        """Raises NotFound when there is no such user."""
        with self._database.write_session() as session:
            row = session.get(UserRow, name)
            if row is None:
                raise NotFoundError("auth.user_not_found", name=name)
            session.delete(row)

    def names(self) -> Sequence[str]:
        with self._database.read_session() as session:
            return session.scalars(select(UserRow.name).order_by(UserRow.name)).all()

    def any(self) -> bool:
        """Whether there is anybody who could sign in."""
        with self._database.read_session() as session:
            return session.scalar(select(UserRow.name).limit(1)) is not None

    def session_fingerprint(self, name: str) -> str | None:
        """What a session is bound to: another after the password has changed, None without user."""
        kept = self._password_hash(name)
        return None if kept is None else _stamped(kept)

    def verify_password(self, name: str, password: str) -> bool:
        """Takes as long, and as much memory, for names that do not exist."""
        kept = self._password_hash(name)
        return _matches(password, kept or NOBODY) and kept is not None

    def create_session(self, name: str, lasts: timedelta) -> str:
        """The id of a new session of the user; sessions that have expired are swept out."""
        now = datetime.now(UTC)
        row = SessionRow(id=secrets.token_urlsafe(32), user=name, expires_at=now + lasts)
        begun = row.id
        with self._database.write_session() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.add(row)
        return begun

    def active_session_fingerprint(self, name: str, session_id: str) -> str | None:
        """The user's stamp while this session of theirs goes on, or None."""
        query = (
            select(UserRow.password_hash)
            .join(SessionRow, SessionRow.user == UserRow.name)
            .where(SessionRow.id == session_id, SessionRow.user == name)
            .where(SessionRow.expires_at > datetime.now(UTC))
        )
        with self._database.read_session() as session:
            kept = session.scalar(query)
        return None if kept is None else _stamped(kept)

    def end_session(self, session_id: str) -> None:
        """Ends one session; the user's others go on."""
        with self._database.write_session() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == session_id))

    def _password_hash(self, name: str) -> str | None:
        if not name.isprintable():  # No such name was taken, and PostgreSQL knows no NUL.
            return None
        with self._database.read_session() as session:
            row = session.get(UserRow, name)
            return None if row is None else row.password_hash


def _stamped(kept: str) -> str:
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    return "$".join(base64.b64encode(part).decode() for part in (salt, _scrypt(password, salt)))


def _matches(password: str, kept: str) -> bool:
    salt, key = (base64.b64decode(part) for part in kept.split("$"))
    return hmac.compare_digest(_scrypt(password, salt), key)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=2**26, **SCRYPT_PARAMS)
