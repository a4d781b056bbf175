"""Clients of the API: told by their key, of which nothing is kept."""

import pytest

from studio.errors import InputError, NotFound
from studio.recipes.serving import Client
from studio.store.clients import ClientStore
from studio.store.database import Database


def test_a_client_is_told_by_its_newest_key(url: str) -> None:
    store = ClientStore(Database(url))
    first = store.put(Client(name="app"))
    assert store.of_key(first) == Client(name="app")
    second = store.put(Client(name="app", per_minute=5, channel="canary"))
    assert first != second
    assert store.of_key(first) is None
    assert store.of_key(second) == Client(name="app", per_minute=5, channel="canary")
    assert store.of_key("") is None
    assert [client.name for client in store.all()] == ["app"]
    store.remove("app")
    assert store.of_key(second) is None
    with pytest.raises(NotFound):
        store.remove("app")


def test_no_client_has_the_name_of_operators(url: str) -> None:
    """Issue 18, 10: it would get previews of pictures that are judged."""
    with pytest.raises(InputError, match="'studio' is the studio's own"):
        ClientStore(Database(url)).put(Client(name="studio"))
