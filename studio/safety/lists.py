"""Word lists: those that ship and those of the operators, read again when a file changes."""

import threading
from collections.abc import Iterator
from pathlib import Path

from studio.errors import BadDocument
from studio.recipes.safety import Severity
from studio.safety.words import Entry, WordFilter

SECTIONS: dict[str, Severity | None] = {"block": "block", "mask": "mask", "flag": "flag", "allow": None}  # fmt: skip


class WordLists:
    """Every `*.txt` of some folders, as one filter."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._state: tuple[tuple[Path, int, int], ...] | None = None
        self._filter = WordFilter(())

    def filter(self) -> WordFilter:
        """The filter of the lists as they are now. Raises BadDocument for one that does not hold."""
        with self._lock:
            state = tuple(self._files())
            if state != self._state:
                self._filter = WordFilter(
                    entry for file, _, _ in state for entry in read_list(file.read_text("utf-8"), file.name)
                )  # fmt: skip
                self._state = state
            return self._filter

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        for folder in self._folders:
            for file in sorted(folder.glob("*.txt")):
                told = file.stat()
                yield file, told.st_mtime_ns, told.st_size


def read_list(text: str, name: str) -> Iterator[Entry]:
    """The entries of one list: a word or phrase a line, under `[block]`, `[mask]`, `[flag]` or
    `[allow]`; `#` begins a remark.

    Raises BadDocument for an unknown section, or entries before the first.
    """
    severity: Severity | None = None
    begun = False
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if word.startswith("["):
            section = word.strip("[]")
            if section not in SECTIONS:
                raise BadDocument(
                    f"{name}, line {number}: write [block], [mask], [flag] or [allow]"
                )
            severity, begun = SECTIONS[section], True
        elif not begun:
            raise BadDocument(f"{name}, line {number}: say first what for, such as [block]")
        else:
            yield Entry(word, severity)
