"""The byte-bounded LRU cache, also against a simple model of what it should contain."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.memory.byte_lru_cache import ByteLRUCache
from tests.waiting import LONG


def logged_factory(value: str, log: list[str]) -> Callable[[], str]:
    def factory() -> str:
        log.append(value)
        return value

    return factory


def test_value_is_created_once() -> None:
    cache, log = ByteLRUCache[str](10, len), list[str]()
    values = [cache.get_or_create("a", logged_factory("xxx", log)) for _ in range(3)]
    assert values == ["xxx"] * 3
    assert log == ["xxx"]
    status = cache.status()
    assert (status.entries, status.bytes, status.hits, status.misses) == (1, 3, 2, 1)


def test_oversized_value_is_returned_and_evicts_nothing() -> None:
    cache, log = ByteLRUCache[str](4, len), list[str]()
    cache.get_or_create("small", logged_factory("ab", log))
    assert cache.get_or_create("large", logged_factory("abcdef", log)) == "abcdef"
    cache.get_or_create("small", logged_factory("ab", log))
    assert log == ["ab", "abcdef"]


def test_failing_factory_caches_nothing() -> None:
    cache = ByteLRUCache[str](4, len)

    def broken() -> str:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        cache.get_or_create("a", broken)
    assert cache.status().entries == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 7)), max_size=40))
def test_limit_holds_and_least_recently_used_is_evicted(lookups: list[tuple[str, int]]) -> None:
    cache = ByteLRUCache[str](10, len)
    sizes: dict[str, int] = {}
    expected_keys: list[str] = []
    for key, size in lookups:
        first_size = sizes.setdefault(key, size)
        cache.get_or_create(key, lambda size=first_size: "x" * size)  # type: ignore[misc]
        expected_keys = [k for k in expected_keys if k != key] + [key]
        while sum(sizes[k] for k in expected_keys) > 10:
            expected_keys.pop(0)
        assert cache.status().bytes == sum(sizes[k] for k in expected_keys)
        assert cache.status().entries == len(expected_keys)


def test_clear_drops_every_value() -> None:
    cache, log = ByteLRUCache[str](10, len), list[str]()
    cache.get_or_create("a", logged_factory("xxx", log))
    cache.clear()
    cache.get_or_create("a", logged_factory("xxx", log))
    assert log == ["xxx", "xxx"]


def test_two_threads_that_want_one_value_create_it_once() -> None:
    cache, log, asked = ByteLRUCache[str](10, len), list[str](), threading.Event()

    def slow() -> str:
        assert asked.wait(LONG)
        return logged_factory("xxx", log)()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get_or_create, "a", slow)
        cache.get_or_create("b", logged_factory("y", log))  # Others do not wait.
        second = threads.submit(cache.get_or_create, "a", slow)
        asked.set()
        assert [first.result(LONG), second.result(LONG)] == ["xxx", "xxx"]
    assert log == ["y", "xxx"]
    assert (cache.status().hits, cache.status().misses) == (1, 2)


def test_value_is_created_by_the_second_thread_where_the_first_fails() -> None:
    cache, asked = ByteLRUCache[str](10, len), threading.Event()

    def broken() -> str:
        assert asked.wait(LONG)
        raise OSError("gone")

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(cache.get_or_create, "a", broken)
        asked.set()
        with pytest.raises(OSError, match="gone"):
            first.result(LONG)
        assert cache.get_or_create("a", lambda: "xxx") == "xxx"
