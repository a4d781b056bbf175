"""API clients: found by their key, of which only a hash is stored."""

from datetime import UTC, datetime, timedelta

import pytest

from studio.errors import InvalidInputError, NotFoundError
from studio.recipes.serving.request_status import ApiClient
from studio.store.api_clients import ApiClientStore
from studio.store.database import Database
from studio.store.tables import ApiClientRow


def test_client_is_found_by_its_latest_key(url: str) -> None:
    store = ApiClientStore(Database(url))
    first = store.create_or_rotate_key(ApiClient(name="app"))
    assert store.find_by_key(first) == ApiClient(name="app")
    second = store.create_or_rotate_key(
        ApiClient(name="app", requests_per_minute=5, channel="canary")
    )
    assert first != second
    assert store.find_by_key(first) is None
    assert store.find_by_key(second) == ApiClient(
        name="app", requests_per_minute=5, channel="canary"
    )
    assert store.find_by_key("") is None
    assert [client.name for client in store.list_all()] == ["app"]
    store.remove("app")
    assert store.find_by_key(second) is None
    with pytest.raises(NotFoundError):
        store.remove("app")


def test_reserved_client_name_is_refused(url: str) -> None:
    """Issue 18, 10: such a client would get previews before moderation."""
    with pytest.raises(InvalidInputError, match="Client name “studio” is reserved"):
        ApiClientStore(Database(url)).create_or_rotate_key(ApiClient(name="studio"))


def test_scopes_of_older_versions_are_read(url: str) -> None:
    """Issue 19, 2: draw, manage and watch are called generate, admin and metrics now."""
    database = Database(url)
    store = ApiClientStore(database)
    key = store.create_or_rotate_key(ApiClient(name="app"))
    with database.write_session() as session:
        session.get_one(ApiClientRow, "app").document = '{"name":"app","scopes":["draw","watch"]}'
    client = store.find_by_key(key)
    assert client is not None
    assert client.scopes == {"generate", "metrics"}


def test_limits_change_without_another_key(url: str) -> None:
    store = ApiClientStore(Database(url))
    key = store.create_or_rotate_key(ApiClient(name="app"))
    changed = ApiClient(name="app", requests_per_day=5, scopes=frozenset({"metrics"}))
    store.update(changed)
    assert store.find_by_key(key) == store.get("app") == changed
    with pytest.raises(NotFoundError):
        store.update(ApiClient(name="nobody"))


def test_a_client_is_added_once_and_only_a_stored_one_gets_another_key(url: str) -> None:
    store = ApiClientStore(Database(url))
    key = store.add(ApiClient(name="app"))
    with pytest.raises(InvalidInputError, match="app"):
        store.add(ApiClient(name="app", requests_per_minute=5))
    assert store.find_by_key(key) == ApiClient(name="app")
    client, rotated = store.rotate_key("app")
    assert (store.find_by_key(key), store.find_by_key(rotated)) == (None, client)
    store.remove("app")
    with pytest.raises(NotFoundError):
        store.rotate_key("app")
    assert store.list_all() == []


def test_last_use_of_a_key_is_known_to_within_minutes(url: str) -> None:
    """It is written seldom: each write waits for all other writers."""
    store = ApiClientStore(Database(url))
    key = store.create_or_rotate_key(ApiClient(name="app"))
    assert store.list_keys()[0].used_at is None
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for minutes, known in ((0, 0), (9, 0), (11, 11)):
        store.find_by_key(key, noon + timedelta(minutes=minutes))
        assert store.list_keys()[0].used_at == noon + timedelta(minutes=known)
    store.create_or_rotate_key(ApiClient(name="app"))
    assert store.list_keys()[0].used_at is None
