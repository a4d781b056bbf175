"""Phrases of words one after another, some of which are any of a class: `nude {trim*} {garment}`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from studio.errors import InvalidDocumentError
from studio.recipes.moderation import WordAction
from studio.safety.text_normalization import WORD, View

_PART = re.compile(r"\{[^}]*\}|[^{]+")
MOST_SPELT_OUT = 5_000
MOST_BETWEEN = 4
"""Words that `{class*}` stands for at most."""


class Item(NamedTuple):
    """A word, or one of a class of words; `many`: none to some of them."""

    words: frozenset[str]
    many: bool = False


class Found(NamedTuple):
    """An entry in the text of a view. Severity None: what is in it is allowed."""

    start: int
    end: int
    entry: str
    severity: WordAction | None


class Phrase(NamedTuple):
    items: tuple[Item, ...]
    entry: str
    severity: WordAction | None


class Phrases:
    def __init__(self, classes: Mapping[str, frozenset[str]]) -> None:
        self._classes = classes
        self._by_first: dict[str, list[Phrase]] = {}

    def __len__(self) -> int:
        return len(self._by_first)

    def add(self, entry: str, severity: WordAction | None) -> None:
        """Raises BadDocument for a class that is not there, or a phrase that may begin with nothing."""
        items = tuple(self._item(part, entry) for part in entry.lower().split())
        if items[0].many:
            raise InvalidDocumentError("moderation.phrase_begins_with_star", entry=entry)
        for first in items[0].words:
            self._by_first.setdefault(first, []).append(Phrase(items[1:], entry, severity))

    def spelt_out(self, entry: str) -> Iterator[str]:
        """All that a pattern without spaces stands for: `{不}{穿}{任何*}{衣服}`. Raises BadDocument for a class
        that is not there, or too much."""
        parts: list[Sequence[str]] = []
        for part in _PART.findall(entry):
            if part.startswith("{"):
                item = self._item(part, entry)
                parts.append([*sorted(item.words), *([""] if item.many else [])])
            else:
                parts.append([part])
        if prod(map(len, parts)) > MOST_SPELT_OUT:
            raise InvalidDocumentError(
                "moderation.phrase_too_wide", entry=entry, most=f"{MOST_SPELT_OUT:,}"
            )
        return map("".join, product(*parts))

    def _item(self, part: str, entry: str) -> Item:
        if not part.startswith("{"):
            return Item(frozenset((part,)))
        name = part.strip("{}*")
        if name not in self._classes:
            raise InvalidDocumentError("moderation.class_not_found", entry=entry, name=name)
        return Item(self._classes[name], part.endswith("*}"))

    def find(self, view: View) -> Iterator[Found]:
        """Where the phrases stand in a view."""
        found = [*WORD.finditer(view.text)]
        if len(found) < 2:
            return
        words = [match.group() for match in found]
        for at, word in enumerate(words):
            for phrase in self._by_first.get(word, ()):
                end = _end(phrase.items, words, at + 1)
                if end > at:
                    yield Found(found[at].start(), found[end - 1].end(), *phrase[1:])


def _end(items: Sequence[Item], words: Sequence[str], at: int) -> int:
    """Behind which word the items end that begin at one; -1 where they do not stand there."""
    if not items:
        return at
    first, rest = items[0], items[1:]
    if not first.many:
        return _end(rest, words, at + 1) if words[at : at + 1] and words[at] in first.words else -1
    for count in range(MOST_BETWEEN + 1):
        end = _end(rest, words, at + count)
        if end >= 0 or at + count >= len(words) or words[at + count] not in first.words:
            return end
    return -1
