"""A cache of values computed from files, invalidated when one of the files changes."""

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

MTIME_GRANULARITY_NS = 2_000_000_000
"""Nanoseconds since its last change after which a file's value is cached: two changes within one tick of
the file system's clock cannot be distinguished."""

T = TypeVar("T")
_Fingerprint = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    paths: tuple[Path, ...]
    fingerprint: _Fingerprint


class FileDependentCache(Generic[T]):
    """Values by key, each with the files and directories that it was computed from."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry[T]] = {}

    def get_or_compute(self, key: Hashable, compute: Callable[[], tuple[T, Iterable[Path]]]) -> T:
        """The cached value of `key`, computed anew where one of its files has changed.

        Args:
            compute: returns the value and the paths it depends on. Its exceptions are passed on, and
                nothing is cached then.
        """
        entry = self._entries.get(key)
        if entry is not None and entry.fingerprint == _fingerprint(entry.paths):
            return entry.value
        value, dependencies = compute()
        paths = tuple(dependencies)
        fingerprint = _fingerprint(paths)
        last_change = max((changed for changed, _ in filter(None, fingerprint)), default=0)
        if last_change < time.time_ns() - MTIME_GRANULARITY_NS:
            self._entries[key] = _Entry(value, paths, fingerprint)
        return value


def _fingerprint(paths: tuple[Path, ...]) -> _Fingerprint:
    """Change time and size of each path; None for a missing one. A directory changes with its entries."""
    return tuple(_stat_key(path) for path in paths)


def _stat_key(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ctime_ns, status.st_size
