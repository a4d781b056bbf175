"""Users and their passwords, of which only a hash is kept."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from studio.errors import InputError, NotFound
from studio.store.database import Database
from studio.store.tables import UserRow

SHORTEST = 10
"""Characters of the shortest password taken (NIST SP 800-63B asks for eight)."""
WORK = {"n": 2**15, "r": 8, "p": 3}
"""scrypt's cost: 32 MB, some 0.3 s a try (one of those that OWASP advises)."""


class UserStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, password: str) -> None:
        """Adds the user, or gives the one of this name a new password.

        Raises InputError for a name or password that cannot be.
        """
        if not (0 < len(name) <= 63 and name.isprintable() and name == name.strip()):
            raise InputError(f"{name!r} is no name: use 1 to 63 letters")
        if len(password) < SHORTEST:
            raise InputError(f"the password is too short: use {SHORTEST} characters or more")
        with self._database.writing() as session:
            session.merge(UserRow(name=name, password=_hashed(password), created=datetime.now(UTC)))

    def remove(self, name: str) -> None:
        """Raises NotFound when there is no such user."""
        with self._database.writing() as session:
            row = session.get(UserRow, name)
            if row is None:
                raise NotFound(f"no user named {name!r}")
            session.delete(row)

    def names(self) -> Sequence[str]:
        with self._database.reading() as session:
            return session.scalars(select(UserRow.name).order_by(UserRow.name)).all()

    def stamp(self, name: str) -> str | None:
        """What a session is bound to: another after the password has changed, None without user."""
        kept = self._kept(name)
        return None if kept is None else hashlib.sha256(kept.encode()).hexdigest()[:16]

    def is_right(self, name: str, password: str) -> bool:
        """Takes as long for names that do not exist."""
        kept = self._kept(name)
        return _matches(password, kept or _hashed("nobody's")) and kept is not None

    def _kept(self, name: str) -> str | None:
        with self._database.reading() as session:
            row = session.get(UserRow, name)
            return None if row is None else row.password


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    return "$".join(base64.b64encode(part).decode() for part in (salt, _scrypt(password, salt)))


def _matches(password: str, kept: str) -> bool:
    salt, key = (base64.b64decode(part) for part in kept.split("$"))
    return hmac.compare_digest(_scrypt(password, salt), key)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=2**26, **WORK)
