"""Word lists: those that ship and those of the operators, read again when a file changes."""

import threading
from collections.abc import Iterator
from pathlib import Path

from studio.errors import BadDocument
from studio.recipes.safety import Severity
from studio.safety.words import WordFilter, Words, no_words

SECTIONS: dict[str, Severity | None] = {"block": "block", "mask": "mask", "flag": "flag", "allow": None}  # fmt: skip


class WordLists:
    """Every `*.txt` of some folders, as one filter."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._state: tuple[tuple[Path, int, int], ...] | None = None
        self._filter = WordFilter(no_words())

    def filter(self) -> WordFilter:
        """The filter of the lists as they are now. Raises BadDocument for one that does not hold."""
        with self._lock:
            state = tuple(self._files())
            if state != self._state:
                words = no_words()
                for file, _, _ in state:
                    for severity, texts in read_list(file.read_text("utf-8"), file.name).items():
                        words[severity] += texts
                self._filter = WordFilter(words)
                self._state = state
            return self._filter

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        for folder in self._folders:
            for file in sorted(folder.glob("*.txt")):
                told = file.stat()
                yield file, told.st_mtime_ns, told.st_size


def read_list(text: str, name: str) -> Words:
    """The entries of one list: a word or phrase a line, under `[block]`, `[mask]`, `[flag]` or
    `[allow]`; `#` begins a remark.

    Raises BadDocument for an unknown section, or entries before the first.
    """
    words = no_words()
    section: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if word.startswith("["):
            head = word.strip("[]")
            if head not in SECTIONS:
                raise BadDocument(
                    f"{name}, line {number}: write [block], [mask], [flag] or [allow]"
                )
            section = words[SECTIONS[head]]
        elif section is None:
            raise BadDocument(f"{name}, line {number}: say first what for, such as [block]")
        else:
            section.append(word)
    return words
