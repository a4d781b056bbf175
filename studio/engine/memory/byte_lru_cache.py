"""An LRU cache bounded by the bytes of its values."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class CacheStats:
    """Fill level and hit rate of a cache; `bytes` and `limit` are bytes."""

    entries: int
    bytes: int
    limit: int
    hits: int
    misses: int


class ByteLRUCache(Generic[Value]):
    """Evicts the least recently used values beyond `limit` bytes.

    A value larger than the limit is returned but not cached. Not thread-safe.
    """

    def __init__(self, limit: int, size_of: Callable[[Value], int]) -> None:
        """`size_of` gives a value's size in bytes."""
        self._limit, self._size_of = limit, size_of
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    def get_or_create(self, key: Hashable, factory: Callable[[], Value]) -> Value:
        """The cached value of `key`, else what `factory` returns.

        Raises what `factory` raises; nothing is cached then.
        """
        if key in self._entries:
            self._hits += 1
            self._entries.move_to_end(key)
            return self._entries[key][0]
        self._misses += 1
        value = factory()
        size = self._size_of(value)
        if size <= self._limit:
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, evicted_size) = self._entries.popitem(last=False)
                self._bytes -= evicted_size
        return value

    def clear(self) -> None:
        """Drops every value; hits and misses go on counting."""
        self._entries.clear()
        self._bytes = 0

    def status(self) -> CacheStats:
        """Fill level, hits and misses."""
        return CacheStats(len(self._entries), self._bytes, self._limit, self._hits, self._misses)
