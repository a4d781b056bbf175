"""Byte-bounded caches, keyed by content: what was computed once need not be again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class CacheStats:
    """How full a cache is, and how often it had what was asked for."""

    entries: int
    bytes: int
    limit: int
    hits: int
    misses: int


class ByteLRUCache(Generic[Value]):
    """Keeps values up to `limit` bytes, least recently used out first.

    A value larger than the limit is made and handed out, but not kept.
    """

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        self._limit, self._size = limit, size
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    def get_or_create(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made now if it is not here."""
        if key in self._entries:
            self._hits += 1
            self._entries.move_to_end(key)
            return self._entries[key][0]
        self._misses += 1
        value = make()
        size = self._size(value)
        if size <= self._limit:
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, gone) = self._entries.popitem(last=False)
                self._bytes -= gone
        return value

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def status(self) -> CacheStats:
        return CacheStats(len(self._entries), self._bytes, self._limit, self._hits, self._misses)
