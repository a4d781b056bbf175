"""Word lists: the bundled ones and the operators' own; a changed file is loaded again."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studio.errors import InvalidDocumentError
from studio.recipes.moderation import WordAction
from studio.safety.word_filter import WordFilter, WordListEntries, empty_entries

ACTION_BY_SECTION: dict[str, WordAction | None] = {
    "block": "block",
    "mask": "mask",
    "flag": "flag",
    "allow": None,
}
CLASS_PREFIX = "class "
"""Begins the header of a word class, which phrases refer to by its name."""


@dataclass
class WordListContent:
    """The entries of word lists by action, and the word classes by name."""

    words: WordListEntries = field(default_factory=empty_entries)
    classes: dict[str, set[str]] = field(default_factory=dict)

    def __iadd__(self, other: "WordListContent") -> "WordListContent":
        for action, entries in other.words.items():
            self.words[action] += entries
        for name, words in other.classes.items():
            self.classes.setdefault(name, set()).update(words)
        return self


class WordLists:
    """The word lists of some directories as one filter.

    Each `*.txt` is a word list. Each `*.dic` is a dictionary of ordinary words, one per line, that
    are never treated as misspellings of an entry.
    """

    def __init__(self, directories: tuple[Path, ...]) -> None:
        self._directories = directories
        self._lock = threading.Lock()
        self._state: tuple[tuple[Path, int, int], ...] | None = None
        self._filter = WordFilter(empty_entries())

    def load_filter(self) -> WordFilter:
        """The filter of the current files, loaded again if one has changed.

        Raises InvalidDocumentError for a list that is not valid.
        """
        with self._lock:
            state = tuple(self._files())
            if state != self._state:
                self._filter = _build_filter([file for file, _, _ in state])
                self._state = state
            return self._filter

    def validate(self, text: str, file: Path) -> int:
        """The number of entries in `text`, a list that is about to be saved as `file`.

        Raises InvalidDocumentError if it is not valid by itself or together with the other lists.
        """
        content = parse_word_list(text, file.name)
        others = WordListContent()
        for other, _, _ in self._files():
            if other.suffix == ".txt" and other != file:
                others += parse_word_list(
                    decode_word_list(other.read_bytes(), other.name), other.name
                )
        others += WordListContent(classes=content.classes)
        WordFilter(content.words, others.classes)
        return sum(map(len, content.words.values()))

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        """Each file with its modification time and size."""
        for directory in self._directories:
            for file in sorted((*directory.glob("*.txt"), *directory.glob("*.dic"))):
                stat = file.stat()
                yield file, stat.st_mtime_ns, stat.st_size


def _build_filter(files: Iterable[Path]) -> WordFilter:
    content, ordinary_words = WordListContent(), set[str]()
    for file in files:
        text = decode_word_list(file.read_bytes(), file.name)
        if file.suffix == ".dic":
            ordinary_words.update(line for line in text.splitlines() if not line.startswith("#"))
        else:
            content += parse_word_list(text, file.name)
    return WordFilter(content.words, content.classes, ordinary_words)


def decode_word_list(content: bytes, name: str) -> str:
    """The text of a list file in UTF-8, without a byte order mark.

    Raises InvalidDocumentError with the line of the first byte that is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidDocumentError("moderation.list_not_utf8", file=name, line=line) from None


def parse_word_list(text: str, name: str) -> WordListContent:
    """The entries of one list: a word or phrase per line in a section `[block]`, `[mask]`,
    `[flag]`, `[allow]` or `[class name]`; `#` begins a comment.

    Raises InvalidDocumentError for an unknown section and for entries before the first section.
    """
    content = WordListContent()
    section: list[str] | set[str] | None = None
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        if word.startswith("["):
            section = _section(content, word.strip("[]"))
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
    return content


def _section(content: WordListContent, header: str) -> list[str] | set[str] | None:
    """The list or set for the words of a section; None for an unknown header."""
    if header.startswith(CLASS_PREFIX):
        return content.classes.setdefault(header.removeprefix(CLASS_PREFIX).strip(), set())
    return content.words[ACTION_BY_SECTION[header]] if header in ACTION_BY_SECTION else None
