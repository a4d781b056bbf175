"""The word filter: entries of lists found in a text, however they are dressed up (Aho and Corasick)."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import ahocorasick

from studio.recipes.safety import SEVERITIES, Match, Severity, WordVerdict
from studio.safety.folding import WORD, Folder, is_han, views

MIN_PINYIN = 5
"""Letters from which a Chinese entry is looked for in Latin letters, too."""


class Entry(NamedTuple):
    """A word or phrase; a star at its beginning or end stands for any letters. `severity` None: it is
    allowed, whatever is found in it."""

    text: str
    severity: Severity | None


class WordFilter:
    def __init__(self, entries: Iterable[Entry]) -> None:
        self._folder = Folder()
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._entries: list[Entry] = []
        self._odd: dict[int, tuple[int, int]] = {}
        """Length and padding of what is searched for, where it is not a word between two spaces."""
        self._fill(entries)
        self._automaton.make_automaton()

    def judge(self, text: str) -> WordVerdict:
        """What of the lists is in a text."""
        if not len(self._automaton):
            return WordVerdict()
        seen = views(self._folder.fold(text))
        allowed, found = [], set()
        for end, number in self._automaton.iter(seen.text):
            entry, severity = self._entries[number]
            length, padding = self._odd.get(number, (len(entry) + 2, 3))
            first = end - length + 1 + (padding & 1)
            last = end - (padding >> 1)
            if entry.startswith("*"):
                first = seen.text.rindex(" ", 0, first + 1) + 1
            if entry.endswith("*"):
                last = seen.text.index(" ", last) - 1
            start, stop = seen.places[first], seen.places[last] + 1
            if stop <= start:
                continue
            if severity is None:
                allowed.append((start, stop))
            else:
                found.add(Match(entry=entry, severity=severity, start=start, end=stop))
        matches = [m for m in found if not any(a <= m.start and m.end <= b for a, b in allowed)]
        matches.sort(key=lambda match: (match.start, match.end, match.entry))
        worst = min((SEVERITIES.index(m.severity) for m in matches), default=None)
        return WordVerdict(
            severity=None if worst is None else SEVERITIES[worst], matches=tuple(matches)
        )

    def _fill(self, entries: Iterable[Entry]) -> None:
        """Of an entry in several lists the gravest stands, and what is allowed beats all: what is added
        last."""
        by_severity: dict[Severity | None, list[Entry]] = {each: [] for each in (*reversed(SEVERITIES), None)}  # fmt: skip
        for entry in entries:
            by_severity[entry.severity].append(entry)
        add, kept = self._automaton.add_word, self._entries
        for entry in chain.from_iterable(by_severity.values()):
            text = entry.text
            if text.isascii() and text.isalpha():  # Most, where lists are long.
                add(f" {text.lower()} ", len(kept))
                kept.append(entry)
                continue
            for key, padding in self._keys(text):
                self._odd[len(kept)] = len(key), padding
                add(key, len(kept))
                kept.append(entry)

    def _keys(self, text: str) -> Sequence[tuple[str, int]]:
        """What is searched for, and whether a space before (1) and after (2) is part of it."""
        begins, ends = not text.startswith("*"), not text.endswith("*")
        plain = " ".join(WORD.findall(self._folder.fold(text).text))
        han = "".join(char for char in plain if is_han(char))
        if not han:
            key = f"{' ' * begins}{plain}{' ' * ends}"
            return ((key, begins | ends << 1),) if plain else ()
        if han != plain:
            return ((plain, 0),)
        from pypinyin import lazy_pinyin

        spoken = "".join(lazy_pinyin(han)).replace("ü", "v")
        heard = ((f" {spoken} ", 3),) if len(spoken) >= MIN_PINYIN and spoken.isascii() else ()
        return ((han, 0), *heard)
