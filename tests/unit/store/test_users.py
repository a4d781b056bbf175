"""Users: names and passwords that can be, hashes that tell nothing."""

import pytest

from studio.errors import InputError, NotFound
from studio.store.database import Database
from studio.store.tables import UserRow
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
