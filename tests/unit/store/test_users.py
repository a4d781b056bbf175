"""Users: valid names and passwords, salted hashes, sessions."""

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


def test_only_the_right_password_is_verified(database: Database) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    assert users.verify_password("ada", "correct horse battery")
    assert not users.verify_password("ada", "Correct horse battery")
    assert not users.verify_password("bob", "correct horse battery")
    assert users.names() == ["ada"]


def test_equal_passwords_have_different_hashes(database: Database) -> None:
    users = UserStore(database)
    for name in ("ada", "bob"):
        users.set_password(name, "correct horse battery")
    with database.read_session() as session:
        hashes = [session.get_one(UserRow, name).password_hash for name in ("ada", "bob")]
    assert hashes[0] != hashes[1]
    assert "horse" not in "".join(hashes)
    assert users.session_fingerprint("ada") != users.session_fingerprint("bob")


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("", "long enough for it", "Invalid user name"),
        (" ada", "long enough for it", "Invalid user name"),
        ("a\nb", "long enough for it", "Invalid user name"),
        ("a" * 64, "long enough for it", "Invalid user name"),
        ("ada", "short", "too short"),
        ("ada", "x" * 501, "too long"),
    ],
)
def test_invalid_name_or_password_is_refused(
    database: Database, name: str, password: str, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        UserStore(database).set_password(name, password)


def test_unknown_user_cannot_be_removed(database: Database) -> None:
    with pytest.raises(NotFoundError, match="User not found: bob"):
        UserStore(database).remove("bob")


def test_user_is_renamed_and_signed_out(database: Database) -> None:
    users = UserStore(database)
    for name in ("ada", "bob"):
        users.set_password(name, "correct horse battery")
    session_id = users.create_session("ada", timedelta(hours=1))
    signed_in_at = users.list_all()[0].signed_in_at
    assert signed_in_at is not None
    with pytest.raises(InvalidInputError, match="already is"):
        users.rename("ada", "bob")
    with pytest.raises(NotFoundError):
        users.rename("nobody", "carol")
    with pytest.raises(InvalidInputError, match="Invalid user name"):
        users.rename("ada", " ")
    users.rename("ada", "Ada L")
    assert [(user.name, user.signed_in_at) for user in users.list_all()] == [
        ("Ada L", signed_in_at),
        ("bob", None),
    ]
    assert users.verify_password("Ada L", "correct horse battery")
    for name in ("ada", "Ada L"):
        assert users.active_session_fingerprint(name, session_id) is None


def test_new_password_keeps_the_date_of_a_user(database: Database) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    [before] = users.list_all()
    users.change_password("ada", "another long password")
    assert users.list_all() == [before]
    with pytest.raises(NotFoundError):
        users.change_password("bob", "another long password")


def test_password_of_a_user_who_is_removed_meanwhile_adds_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")

    def scrypt(_: str, __: bytes) -> bytes:
        users.remove("ada")
        return b"a hash"

    monkeypatch.setattr("studio.store.users._scrypt", scrypt)
    with pytest.raises(NotFoundError):
        users.change_password("ada", "another long password")
    assert users.names() == []


def test_of_two_who_add_a_user_at_once_one_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users, is_first = UserStore(database), [True]

    def scrypt(_: str, __: bytes) -> bytes:
        if is_first:
            is_first.clear()
            users.set_password("ada", "that of the other")
        return b"a hash"

    with monkeypatch.context() as patch:
        patch.setattr("studio.store.users._scrypt", scrypt)
        with pytest.raises(InvalidInputError, match="already is"):
            users.add("ada", "correct horse battery")
    assert users.names() == ["ada"]


def test_last_user_is_kept_where_that_is_asked_for(database: Database) -> None:
    users = UserStore(database)
    for name in ("ada", "bob"):
        users.set_password(name, "correct horse battery")
    users.remove("ada", keep_last=True)
    with pytest.raises(InvalidInputError, match="only person"):
        users.remove("bob", keep_last=True)
    users.remove("bob")
    assert not users.any()


# Issue 18, 8.
def test_session_ends_by_expiry_sign_out_and_password_change(database: Database) -> None:
    users = UserStore(database)
    assert not users.any()
    users.set_password("ada", "correct horse battery")
    assert users.any()
    expired, active, other = (
        users.create_session("ada", timedelta(hours=hours)) for hours in (0, 1, 1)
    )
    assert len({expired, active, other}) == 3
    assert users.active_session_fingerprint("ada", expired) is None
    assert users.active_session_fingerprint("ada", active) == users.session_fingerprint("ada")
    assert users.active_session_fingerprint("bob", active) is None
    users.end_session(active)
    assert users.active_session_fingerprint("ada", active) is None
    before = users.active_session_fingerprint("ada", other)
    users.set_password("ada", "another long password")
    assert users.active_session_fingerprint("ada", other) != before
    users.remove("ada")
    assert users.active_session_fingerprint("ada", other) is None


def test_expired_sessions_are_deleted(database: Database) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    for _ in range(3):
        users.create_session("ada", timedelta(0))
    users.create_session("ada", timedelta(hours=1))
    with database.read_session() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


# Issue 18, 6: the same time and memory for names that do not exist.
def test_unknown_names_cost_one_hash_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = UserStore(database)
    users.set_password("ada", "correct horse battery")
    hashed: list[str] = []

    def scrypt(password: str, _: bytes) -> bytes:
        hashed.append(password)
        return b"a hash"

    monkeypatch.setattr("studio.store.users._scrypt", scrypt)
    for name in ("ada", "bob", "nul\0"):
        assert not users.verify_password(name, "wrong")
    assert len(hashed) == 3
