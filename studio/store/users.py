"""Users, their passwords, of which only a hash is kept, and their sessions."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from studio.errors import InputError, NotFound
from studio.store.database import Database
from studio.store.tables import SessionRow, UserRow

SHORTEST = 10
"""Characters of the shortest password taken (NIST SP 800-63B asks for eight)."""
WORK = {"n": 2**15, "r": 8, "p": 3}
"""scrypt's cost: 32 MB, some 0.3 s a try (one of those that OWASP advises)."""
NOBODY = "$".join(base64.b64encode(bytes(length)).decode() for length in (16, 64))
"""A hash that no password has, for names that do not exist."""


class UserStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, password: str) -> None:
        """Adds the user, or gives the one of this name a new password.

        Raises InputError for a name or password that cannot be.
        """
        if not (0 < len(name) <= 63 and name.isprintable() and name == name.strip()):
            raise InputError("auth.user_name_invalid", name=repr(name))
        if len(password) < SHORTEST:
            raise InputError("auth.password_too_short", least=SHORTEST)
        with self._database.writing() as session:
            session.merge(UserRow(name=name, password=_hashed(password), created=datetime.now(UTC)))

    def remove(self, name: str) -> None:
        """Raises NotFound when there is no such user."""
        with self._database.writing() as session:
            row = session.get(UserRow, name)
            if row is None:
                raise NotFound("auth.user_not_found", name=name)
            session.delete(row)

    def names(self) -> Sequence[str]:
        with self._database.reading() as session:
            return session.scalars(select(UserRow.name).order_by(UserRow.name)).all()

    def any(self) -> bool:
        """Whether there is anybody who could sign in."""
        with self._database.reading() as session:
            return session.scalar(select(UserRow.name).limit(1)) is not None

    def stamp(self, name: str) -> str | None:
        """What a session is bound to: another after the password has changed, None without user."""
        kept = self._kept(name)
        return None if kept is None else _stamped(kept)

    def is_right(self, name: str, password: str) -> bool:
        """Takes as long, and as much memory, for names that do not exist."""
        kept = self._kept(name)
        return _matches(password, kept or NOBODY) and kept is not None

    def begin_session(self, name: str, lasts: timedelta) -> str:
        """The id of a new session of the user; sessions that have expired are swept out."""
        now = datetime.now(UTC)
        row = SessionRow(id=secrets.token_urlsafe(32), user=name, expires=now + lasts)
        begun = row.id
        with self._database.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires <= now))
            session.add(row)
        return begun

    def session_stamp(self, name: str, session_id: str) -> str | None:
        """The user's stamp while this session of theirs goes on, or None."""
        query = (
            select(UserRow.password)
            .join(SessionRow, SessionRow.user == UserRow.name)
            .where(SessionRow.id == session_id, SessionRow.user == name)
            .where(SessionRow.expires > datetime.now(UTC))
        )
        with self._database.reading() as session:
            kept = session.scalar(query)
        return None if kept is None else _stamped(kept)

    def end_session(self, session_id: str) -> None:
        """Ends one session; the user's others go on."""
        with self._database.writing() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == session_id))

    def _kept(self, name: str) -> str | None:
        if not name.isprintable():  # No such name was taken, and PostgreSQL knows no NUL.
            return None
        with self._database.reading() as session:
            row = session.get(UserRow, name)
            return None if row is None else row.password


def _stamped(kept: str) -> str:
    return hashlib.sha256(kept.encode()).hexdigest()[:16]


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    return "$".join(base64.b64encode(part).decode() for part in (salt, _scrypt(password, salt)))


def _matches(password: str, kept: str) -> bool:
    salt, key = (base64.b64decode(part) for part in kept.split("$"))
    return hmac.compare_digest(_scrypt(password, salt), key)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=2**26, **WORK)
