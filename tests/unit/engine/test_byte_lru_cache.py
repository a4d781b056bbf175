"""The byte-bounded cache, against a plain model of what it should hold."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.memory.byte_lru_cache import ByteLRUCache


def made(value: str, log: list[str]) -> Callable[[], str]:
    def make() -> str:
        log.append(value)
        return value

    return make


def test_a_value_is_made_once() -> None:
    cache, log = ByteLRUCache[str](10, len), list[str]()
    assert [cache.get_or_create("a", made("xxx", log)) for _ in range(3)] == ["xxx"] * 3
    assert log == ["xxx"]
    status = cache.status()
    assert (status.entries, status.bytes, status.hits, status.misses) == (1, 3, 2, 1)


def test_a_value_too_large_is_handed_out_and_spares_the_others() -> None:
    cache, log = ByteLRUCache[str](4, len), list[str]()
    cache.get_or_create("small", made("ab", log))
    assert cache.get_or_create("large", made("abcdef", log)) == "abcdef"
    cache.get_or_create("small", made("ab", log))
    assert log == ["ab", "abcdef"]


def test_a_failure_keeps_nothing() -> None:
    cache = ByteLRUCache[str](4, len)

    def broken() -> str:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        cache.get_or_create("a", broken)
    assert cache.status().entries == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 7)), max_size=40))
def test_it_never_holds_more_than_its_limit_and_drops_the_oldest(asked: list[tuple[str, int]]) -> None:  # fmt: skip
    cache = ByteLRUCache[str](10, len)
    sizes: dict[str, int] = {}
    order: list[str] = []
    for key, size in asked:
        known = sizes.setdefault(key, size)
        cache.get_or_create(key, lambda known=known: "x" * known)  # type: ignore[misc]
        order = [k for k in order if k != key] + [key]
        while sum(sizes[k] for k in order) > 10:
            order.pop(0)
        assert cache.status().bytes == sum(sizes[k] for k in order)
        assert cache.status().entries == len(order)


def test_clearing_forgets_everything() -> None:
    cache, log = ByteLRUCache[str](10, len), list[str]()
    cache.get_or_create("a", made("xxx", log))
    cache.clear()
    cache.get_or_create("a", made("xxx", log))
    assert log == ["xxx", "xxx"]
