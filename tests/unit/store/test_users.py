"""Users: names and passwords that can be, hashes that tell nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from studio.errors import InvalidInputError, NotFoundError
from studio.store.database import Database
from studio.store.tables import SessionRow, UserRow
from studio.store.users import UserStore


@pytest.fixture
def database(url: str) -> Database:
    return Database(url)


def test_the_right_password_alone_is_right(database: Database) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    assert users.verify_password("ada", "correct horse battery")
    assert not users.verify_password("ada", "Correct horse battery")
    assert not users.verify_password("bob", "correct horse battery")
    assert users.names() == ["ada"]


def test_equal_passwords_are_kept_differently_and_never_plain(database: Database) -> None:
    users = UserStore(database)
    for name in ("ada", "bob"):
        users.set_password(name, "correct horse battery")
    with database.read_session() as session:
        kept = [session.get_one(UserRow, name).password_hash for name in ("ada", "bob")]
    assert kept[0] != kept[1]
    assert "horse" not in "".join(kept)
    assert users.session_fingerprint("ada") != users.session_fingerprint("bob")


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("", "long enough for it", "is no name"),
        (" ada", "long enough for it", "is no name"),
        ("a\nb", "long enough for it", "is no name"),
        ("a" * 64, "long enough for it", "is no name"),
        ("ada", "short", "too short"),
    ],
)
def test_what_cannot_be_is_refused(database: Database, name: str, password: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        UserStore(database).set_password(name, password)


def test_who_is_not_there_cannot_leave(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no user named 'bob'"):
        UserStore(database).remove("bob")


# Issue 18, 8.
def test_a_session_ends_by_itself_by_signing_out_and_with_the_password(database: Database) -> None:
    users = UserStore(database)
    assert not users.any()
    users.set_password("ada", "correct horse battery")
    assert users.any()
    short, long, other = (
        users.create_session("ada", timedelta(hours=hours)) for hours in (0, 1, 1)
    )
    assert len({short, long, other}) == 3
    assert users.active_session_fingerprint("ada", short) is None
    assert users.active_session_fingerprint("ada", long) == users.session_fingerprint("ada")
    assert users.active_session_fingerprint("bob", long) is None
    users.end_session(long)
    assert users.active_session_fingerprint("ada", long) is None
    before = users.active_session_fingerprint("ada", other)
    users.set_password("ada", "another long password")
    assert users.active_session_fingerprint("ada", other) != before
    users.remove("ada")
    assert users.active_session_fingerprint("ada", other) is None


def test_expired_sessions_are_swept_out(database: Database) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    for _ in range(3):
        users.create_session("ada", timedelta(0))
    users.create_session("ada", timedelta(hours=1))
    with database.read_session() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


# Issue 18, 6: as long, and as much memory, for names that do not exist.
def test_one_hash_is_made_whoever_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    made: list[str] = []

    def hashed(word: str, _: bytes) -> bytes:
        made.append(word)
        return b"a hash"

    monkeypatch.setattr("studio.store.users._scrypt", hashed)
    for name in ("ada", "bob", "nul\0"):
        assert not users.verify_password(name, "wrong")
    assert len(made) == 3
