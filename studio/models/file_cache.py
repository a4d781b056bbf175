"""What was made of files, remembered for as long as none of them changes."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

MTIME_GRANULARITY_NS = 2_000_000_000
"""Nanoseconds after which a file counts as settled: one that changes twice within a file system's tick
looks the same."""

T = TypeVar("T")
_Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    paths: tuple[Path, ...]
    fingerprint: _Stamp


class FileDependentCache(Generic[T]):
    """Values by a key, each with the files and folders that it was made of."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry[T]] = {}

    def get_or_compute(self, key: Hashable, make: Callable[[], tuple[T, Iterable[Path]]]) -> T:
        """The value of `key`; `make` gives it anew, with what it was made of, where that has changed.
        Raises what `make` raises, and remembers nothing then."""
        known = self._entries.get(key)
        if known is not None and known.fingerprint == _fingerprint(known.paths):
            return known.value
        value, made_of = make()
        paths = tuple(made_of)
        stamp = _fingerprint(paths)
        newest = max((changed for changed, _ in filter(None, stamp)), default=0)
        if newest < time.time_ns() - MTIME_GRANULARITY_NS:
            self._entries[key] = _Entry(value, paths, stamp)
        return value


def _fingerprint(paths: tuple[Path, ...]) -> _Stamp:
    """When each was changed last, and its size; None for what is gone. A folder changes with what
    lies in it."""
    return tuple(_stat_key(path) for path in paths)


def _stat_key(path: Path) -> tuple[int, int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_ctime_ns, seen.st_size
