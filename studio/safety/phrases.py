"""Phrases: sequences of words and word classes, such as `nude {trim*} {garment}`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from studio.errors import InvalidDocumentError
from studio.recipes.moderation import WordAction
from studio.safety.text_normalization import WORD_RE, TextVariant

_PART = re.compile(r"\{[^}]*\}|[^{]+")
MAX_EXPANSIONS = 5_000
"""Texts that a phrase without spaces may stand for."""
MAX_REPETITIONS = 4
"""Words that `{class*}` matches at most."""


class PhraseItem(NamedTuple):
    """A word, or any word of a class; `is_repeated`: zero to `MAX_REPETITIONS` of them."""

    words: frozenset[str]
    is_repeated: bool = False


class EntryMatch(NamedTuple):
    """An entry found in a text variant, by positions there. Action None: matches inside it are
    allowed."""

    start: int
    end: int
    entry: str
    action: WordAction | None


class Phrase(NamedTuple):
    """A phrase without its first word."""

    items: tuple[PhraseItem, ...]
    entry: str
    action: WordAction | None


class PhraseIndex:
    """The phrases of the word lists by their first word; `classes` are word classes by name."""

    def __init__(self, classes: Mapping[str, frozenset[str]]) -> None:
        self._classes = classes
        self._by_first: dict[str, list[Phrase]] = {}

    def __len__(self) -> int:
        return len(self._by_first)

    def add(self, entry: str, action: WordAction | None) -> None:
        """Add a phrase of words.

        Raises InvalidDocumentError for an unknown class and for a first item that may be empty.
        """
        items = tuple(self._item(part, entry) for part in entry.lower().split())
        if items[0].is_repeated:
            raise InvalidDocumentError("moderation.phrase_begins_with_star", entry=entry)
        for first in items[0].words:
            self._by_first.setdefault(first, []).append(Phrase(items[1:], entry, action))

    def expand(self, entry: str) -> Iterator[str]:
        """The texts that a phrase without spaces stands for, such as `{不}{穿}{任何*}{衣服}`.

        Raises InvalidDocumentError for an unknown class and for over `MAX_EXPANSIONS` texts.
        """
        parts: list[Sequence[str]] = []
        for part in _PART.findall(entry):
            if part.startswith("{"):
                item = self._item(part, entry)
                parts.append([*sorted(item.words), *([""] if item.is_repeated else [])])
            else:
                parts.append([part])
        if prod(map(len, parts)) > MAX_EXPANSIONS:
            raise InvalidDocumentError(
                "moderation.phrase_too_wide", entry=entry, most=f"{MAX_EXPANSIONS:,}"
            )
        return map("".join, product(*parts))

    def _item(self, part: str, entry: str) -> PhraseItem:
        if not part.startswith("{"):
            return PhraseItem(frozenset((part,)))
        name = part.strip("{}*")
        if name not in self._classes:
            raise InvalidDocumentError("moderation.class_not_found", entry=entry, name=name)
        return PhraseItem(self._classes[name], part.endswith("*}"))

    def find(self, variant: TextVariant) -> Iterator[EntryMatch]:
        """The phrases in a text variant."""
        matches = [*WORD_RE.finditer(variant.text)]
        if len(matches) < 2:
            return
        words = [match.group() for match in matches]
        for index, word in enumerate(words):
            for phrase in self._by_first.get(word, ()):
                end = _match_end(phrase.items, words, index + 1)
                if end > index:
                    start = matches[index].start()
                    yield EntryMatch(start, matches[end - 1].end(), *phrase[1:])


def _match_end(items: Sequence[PhraseItem], words: Sequence[str], start: int) -> int:
    """The index after the last word if `items` match from the word at `start` on; else -1."""
    if not items:
        return start
    first, rest = items[0], items[1:]
    if not first.is_repeated:
        is_match = start < len(words) and words[start] in first.words
        return _match_end(rest, words, start + 1) if is_match else -1
    for count in range(MAX_REPETITIONS + 1):
        end, index = _match_end(rest, words, start + count), start + count
        if end >= 0 or index >= len(words) or words[index] not in first.words:
            return end
    return -1
