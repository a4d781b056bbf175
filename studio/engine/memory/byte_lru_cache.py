"""An LRU cache bounded by the bytes of its values."""

import threading
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

    A value larger than the limit is returned but not cached. Thread-safe: where two threads want
    the same value, one creates it and the other waits.
    """

    def __init__(self, limit: int, size_of: Callable[[Value], int]) -> None:
        """`size_of` gives a value's size in bytes."""
        self._limit, self._size_of = limit, size_of
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._in_progress: dict[Hashable, threading.Event] = {}
        """Keys whose values are being created; the event is set when that has ended."""
        self._bytes = self._hits = self._misses = 0

    def get_or_create(
        self,
        key: Hashable,
        factory: Callable[[], Value],
        may_keep: Callable[[], bool] = lambda: True,
    ) -> Value:
        """The cached value of `key`, else what `factory` returns.

        `may_keep` is asked after `factory` has returned whether its value may be cached.

        Raises what `factory` raises; nothing is cached then.
        """
        while True:
            with self._lock:
                if key in self._entries:
                    self._hits += 1
                    self._entries.move_to_end(key)
                    return self._entries[key][0]
                other = self._in_progress.get(key)
                if other is None:
                    self._misses += 1
                    created = self._in_progress[key] = threading.Event()
                    break
            other.wait()
        try:
            value = factory()
            if may_keep():
                self._add(key, value)
        finally:
            with self._lock:
                del self._in_progress[key]
            created.set()
        return value

    def _add(self, key: Hashable, value: Value) -> None:
        size = self._size_of(value)
        if size > self._limit:
            return
        with self._lock:
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, evicted_size) = self._entries.popitem(last=False)
                self._bytes -= evicted_size

    def clear(self) -> None:
        """Drops every value; hits and misses go on counting."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def status(self) -> CacheStats:
        """Fill level, hits and misses."""
        with self._lock:
            return CacheStats(
                len(self._entries), self._bytes, self._limit, self._hits, self._misses
            )
