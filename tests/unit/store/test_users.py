"""Users: names and passwords that can be, hashes that tell nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from studio.errors import InputError, NotFound
from studio.store.database import Database
from studio.store.tables import SessionRow, UserRow
from studio.store.users import UserStore


@pytest.fixture
def database(url: str) -> Database:
    return Database(url)


def test_the_right_password_alone_is_right(database: Database) -> None:
    users = UserStore(database)
    users.put("ada", "correct horse battery")
    assert users.is_right("ada", "correct horse battery")
    assert not users.is_right("ada", "Correct horse battery")
    assert not users.is_right("bob", "correct horse battery")
    assert users.names() == ["ada"]


def test_equal_passwords_are_kept_differently_and_never_plain(database: Database) -> None:
    users = UserStore(database)
    for name in ("ada", "bob"):
        users.put(name, "correct horse battery")
    with database.reading() as session:
        kept = [session.get_one(UserRow, name).password for name in ("ada", "bob")]
    assert kept[0] != kept[1]
    assert "horse" not in "".join(kept)
    assert users.stamp("ada") != users.stamp("bob")


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
    with pytest.raises(InputError, match=said):
        UserStore(database).put(name, password)


def test_who_is_not_there_cannot_leave(database: Database) -> None:
    with pytest.raises(NotFound, match="no user named 'bob'"):
        UserStore(database).remove("bob")


# Issue 18, 8.
def test_a_session_ends_by_itself_by_signing_out_and_with_the_password(database: Database) -> None:
    users = UserStore(database)
    assert not users.any()
    users.put("ada", "correct horse battery")
    assert users.any()
    short, long, other = (users.begin_session("ada", timedelta(hours=hours)) for hours in (0, 1, 1))
    assert len({short, long, other}) == 3
    assert users.session_stamp("ada", short) is None
    assert users.session_stamp("ada", long) == users.stamp("ada")
    assert users.session_stamp("bob", long) is None
    users.end_session(long)
    assert users.session_stamp("ada", long) is None
    before = users.session_stamp("ada", other)
    users.put("ada", "another long password")
    assert users.session_stamp("ada", other) != before
    users.remove("ada")
    assert users.session_stamp("ada", other) is None


def test_expired_sessions_are_swept_out(database: Database) -> None:
    users = UserStore(database)
    users.put("ada", "correct horse battery")
    for _ in range(3):
        users.begin_session("ada", timedelta(0))
    users.begin_session("ada", timedelta(hours=1))
    with database.reading() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


# Issue 18, 6: as long, and as much memory, for names that do not exist.
def test_one_hash_is_made_whoever_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserStore(database)
    users.put("ada", "correct horse battery")
    made: list[str] = []

    def hashed(word: str, _: bytes) -> bytes:
        made.append(word)
        return b"a hash"

    monkeypatch.setattr("studio.store.users._scrypt", hashed)
    for name in ("ada", "bob", "nul\0"):
        assert not users.is_right(name, "wrong")
    assert len(made) == 3
