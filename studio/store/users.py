"""Users, the hashes of their passwords, and the sessions of signed-in browsers."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from studio.errors import InvalidInputError, NotFoundError
from studio.store.database import Database, as_utc
from studio.store.tables import SessionRow, UserRow

MIN_PASSWORD_LENGTH = 10
"""Characters of the shortest password that is accepted (NIST SP 800-63B requires eight)."""
MAX_PASSWORD_LENGTH = 500
"""Characters of the longest one: the sign-in form takes no more."""
SCRYPT_PARAMS = {"n": 2**15, "r": 8, "p": 3}
"""scrypt's cost: 32 MB and some 0.3 s for each attempt (recommended by OWASP)."""
_UNKNOWN_USER_HASH = "$".join(base64.b64encode(bytes(length)).decode() for length in (16, 64))
"""A hash that no password has.

Unknown names are verified against it, in the same time (no user enumeration).
"""


@dataclass(frozen=True)
class User:
    """An operator who may sign in. `signed_in_at` is when they last did, None before the first time."""

    name: str
    created_at: datetime
    signed_in_at: datetime | None


class UserStore:
    """Operators who may sign in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_password(self, name: str, password: str) -> None:
        """Adds a user, or changes the password of the user with this name. Raises as `add` does,
        but for a name that is taken."""
        _check_name(name)
        password_hash = _hash_valid_password(password)
        with self._database.write_session() as session:
            row = session.get(UserRow, name)
            if row is None:
                session.add(_new_row(name, password_hash))
            else:
                row.password_hash = password_hash

    def add(self, name: str, password: str) -> None:
        """Adds a user.

        Raises InvalidInputError for a name that is taken or invalid (1 to 63 printable characters, no
        space at either end), or a password shorter than `MIN_PASSWORD_LENGTH` or longer than
        `MAX_PASSWORD_LENGTH`.
        """
        _check_name(name)
        password_hash = _hash_valid_password(password)
        with self._database.write_session() as session:
            if session.get(UserRow, name) is not None:
                raise InvalidInputError("auth.user_name_taken", name=name)
            session.add(_new_row(name, password_hash))

    def change_password(self, name: str, password: str) -> None:
        """Changes the password of a user. Raises NotFoundError, and InvalidInputError for a
        password that `add` refuses."""
        password_hash = _hash_valid_password(password)
        with self._database.write_session() as session:
            _get_row(session, name).password_hash = password_hash

    def rename(self, name: str, new_name: str) -> None:
        """Changes a user's name, which ends all of their sessions; what they have done keeps the
        former name.

        Raises NotFoundError, and InvalidInputError for an invalid name or one that is taken.
        """
        _check_name(new_name)
        with self._database.write_session() as session:
            row = _get_row(session, name)
            if session.get(UserRow, new_name) is not None:
                raise InvalidInputError("auth.user_name_taken", name=new_name)
            row.name = new_name
            session.execute(delete(SessionRow).where(SessionRow.user == name))

    def remove(self, name: str, keep_last: bool = False) -> None:
        """Deletes a user and ends their sessions.

        Raises NotFoundError, and with `keep_last` InvalidInputError for the only user.
        """
        with self._database.write_session() as session:
            row = _get_row(session, name)
            if keep_last and session.scalar(select(func.count()).select_from(UserRow)) == 1:
                raise InvalidInputError("auth.last_user", name=name)
            session.delete(row)
            session.execute(delete(SessionRow).where(SessionRow.user == name))

    def list_all(self) -> Sequence[User]:
        """All users, by name."""
        with self._database.read_session() as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.name)).all()
            return [
                User(
                    name=row.name,
                    created_at=as_utc(row.created_at),
                    signed_in_at=None if row.signed_in_at is None else as_utc(row.signed_in_at),
                )
                for row in rows
            ]

    def names(self) -> Sequence[str]:
        """The names of all users, sorted."""
        with self._database.read_session() as session:
            return session.scalars(select(UserRow.name).order_by(UserRow.name)).all()

    def any(self) -> bool:
        """Whether there is any user at all."""
        with self._database.read_session() as session:
            return session.scalar(select(UserRow.name).limit(1)) is not None

    def session_fingerprint(self, name: str) -> str | None:
        """A value that sessions are bound to.

        It changes with the password, which ends all sessions.

        None for an unknown user.
        """
        stored = self._password_hash(name)
        return None if stored is None else _fingerprint(stored)

    def verify_password(self, name: str, password: str) -> bool:
        """Whether the password is the user's. Takes the same time and memory for unknown names."""
        stored = self._password_hash(name)
        return _matches(password, stored or _UNKNOWN_USER_HASH) and stored is not None

    def create_session(self, name: str, lifetime: timedelta) -> str:
        """Starts a session of a user and returns its id. Deletes the sessions that have expired."""
        now, session_id = datetime.now(UTC), secrets.token_urlsafe(32)
        row = SessionRow(id=session_id, user=name, expires_at=now + lifetime)
        with self._database.write_session() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.execute(update(UserRow).where(UserRow.name == name).values(signed_in_at=now))
            session.add(row)
        return session_id

    def active_session_fingerprint(self, name: str, session_id: str) -> str | None:
        """`session_fingerprint` of the user while this session of theirs is active, else None."""
        query = (
            select(UserRow.password_hash)
            .join(SessionRow, SessionRow.user == UserRow.name)
            .where(SessionRow.id == session_id, SessionRow.user == name)
            .where(SessionRow.expires_at > datetime.now(UTC))
        )
        with self._database.read_session() as session:
            stored = session.scalar(query)
        return None if stored is None else _fingerprint(stored)

    def end_session(self, session_id: str) -> None:
        """Ends one session; other sessions of the user stay active."""
        with self._database.write_session() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == session_id))

    def _password_hash(self, name: str) -> str | None:
        if not name.isprintable():  # No user has such a name, and PostgreSQL refuses NUL.
            return None
        with self._database.read_session() as session:
            row = session.get(UserRow, name)
            return None if row is None else row.password_hash


def _check_name(name: str) -> None:
    if not (0 < len(name) <= 63 and name.isprintable() and name == name.strip()):
        raise InvalidInputError("auth.user_name_invalid", name=repr(name))


def _get_row(session: Session, name: str) -> UserRow:
    row = session.get(UserRow, name) if name.isprintable() else None
    if row is None:
        raise NotFoundError("auth.user_not_found", name=name)
    return row


def _new_row(name: str, password_hash: str) -> UserRow:
    return UserRow(name=name, password_hash=password_hash, created_at=datetime.now(UTC))


def _fingerprint(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def _hash_valid_password(password: str) -> str:
    """Salt and scrypt key, both in base64, with a dollar sign between them.

    Raises InvalidInputError for a password that is too short or too long.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInputError("auth.password_too_short", least=MIN_PASSWORD_LENGTH)
    if len(password) > MAX_PASSWORD_LENGTH:
        raise InvalidInputError("auth.password_too_long", most=MAX_PASSWORD_LENGTH)
    salt = secrets.token_bytes(16)
    return "$".join(base64.b64encode(part).decode() for part in (salt, _scrypt(password, salt)))


def _matches(password: str, password_hash: str) -> bool:
    salt, key = (base64.b64decode(part) for part in password_hash.split("$"))
    return hmac.compare_digest(_scrypt(password, salt), key)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=2**26, **SCRYPT_PARAMS)
