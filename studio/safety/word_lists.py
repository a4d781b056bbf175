"""Word lists: those that ship and those of the operators, read again when a file changes."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studio.errors import InvalidDocumentError
from studio.recipes.moderation import WordAction
from studio.safety.word_filter import WordFilter, WordListEntries, empty_entries

SECTIONS: dict[str, WordAction | None] = {"block": "block", "mask": "mask", "flag": "flag", "allow": None}  # fmt: skip
CLASS = "class "
"""Begins the head of a section of words that allowed phrases call by a name."""


@dataclass
class Entries:
    """The entries of lists. `classes` are words by the names that allowed phrases call them by."""

    words: WordListEntries = field(default_factory=empty_entries)
    classes: dict[str, set[str]] = field(default_factory=dict)

    def __iadd__(self, other: "Entries") -> "Entries":
        for severity, texts in other.words.items():
            self.words[severity] += texts
        for name, held in other.classes.items():
            self.classes.setdefault(name, set()).update(held)
        return self


class WordLists:
    """Every `*.txt` of some folders, as one filter, and every `*.dic` as words of ordinary English, one a
    line, which are never taken for misspelt ones of a list."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._directories = folders
        self._lock = threading.Lock()
        self._state: tuple[tuple[Path, int, int], ...] | None = None
        self._filter = WordFilter(empty_entries())

    def load_filter(self) -> WordFilter:
        """The filter of the lists as they are now. Raises BadDocument for one that does not hold."""
        with self._lock:
            state = tuple(self._files())
            if state != self._state:
                self._filter = _made([file for file, _, _ in state])
                self._state = state
            return self._filter

    def checked(self, text: str, file: Path) -> int:
        """How many entries a list has that is to be kept as `file`. Raises BadDocument for one that does
        not hold, alone or beside the others."""
        entries = parse_word_list(text, file.name)
        beside = Entries()
        for other, _, _ in self._files():
            if other.suffix == ".txt" and other != file:
                beside += parse_word_list(decoded_list(other.read_bytes(), other.name), other.name)
        beside += Entries(classes=entries.classes)
        WordFilter(entries.words, beside.classes)
        return sum(map(len, entries.words.values()))

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        for folder in self._directories:
            for file in sorted((*folder.glob("*.txt"), *folder.glob("*.dic"))):
                told = file.stat()
                yield file, told.st_mtime_ns, told.st_size


def _made(files: Iterable[Path]) -> WordFilter:
    entries, ordinary = Entries(), set[str]()
    for file in files:
        text = decoded_list(file.read_bytes(), file.name)
        if file.suffix == ".dic":
            ordinary.update(line for line in text.splitlines() if not line.startswith("#"))
        else:
            entries += parse_word_list(text, file.name)
    return WordFilter(entries.words, entries.classes, ordinary)


def decoded_list(content: bytes, name: str) -> str:
    """The text of a list; a byte order mark at its beginning is none of it.

    Raises BadDocument for what is not UTF-8, with its line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidDocumentError("moderation.list_not_utf8", file=name, line=line) from None


def parse_word_list(text: str, name: str) -> Entries:
    """The entries of one list: a word or phrase a line, under `[block]`, `[mask]`, `[flag]`, `[allow]`
    or `[class name]`; `#` begins a remark.

    Raises BadDocument for an unknown section, entries before the first, or a class that is not there.
    """
    entries = Entries()
    section: list[str] | set[str] | None = None
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if word.startswith("["):
            section = _section(entries, word.strip("[]"))
            if section is None:
                raise InvalidDocumentError(
                    "moderation.list_section_unknown", file=name, line=number
                )
        elif section is None:
            raise InvalidDocumentError("moderation.list_section_missing", file=name, line=number)
        elif isinstance(section, set):
            section.update(word.lower().split())
        else:
            section.append(word)
    return entries


def _section(entries: Entries, head: str) -> list[str] | set[str] | None:
    """Where the words under a head go; None for a head that there is not."""
    if head.startswith(CLASS):
        return entries.classes.setdefault(head.removeprefix(CLASS).strip(), set())
    return entries.words[SECTIONS[head]] if head in SECTIONS else None
