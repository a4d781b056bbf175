"""The word filter: entries of lists found in a text, however they are dressed up (Aho and Corasick)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import ahocorasick

from studio.recipes.safety import SEVERITIES, Match, Severity, WordVerdict
from studio.safety.folding import WORD, Folder, is_han, views

MIN_PINYIN = 5
"""Letters from which a Chinese entry is looked for in Latin letters, too."""


Words = dict[Severity | None, list[str]]
"""Words and phrases by what becomes of them; a star at the beginning or end of one stands for any letters.
None: they are allowed, whatever is found in them."""
GRAVEST_LAST: tuple[Severity | None, ...] = (*reversed(SEVERITIES), None)
"""Of an entry in several lists the gravest stands, and what is allowed beats all: what is added last."""


def no_words() -> Words:
    return {severity: [] for severity in GRAVEST_LAST}


class WordFilter:
    def __init__(self, words: Words) -> None:
        self._folder = Folder()
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._entries: list[str] = []
        self._ends: list[int] = []
        """Where in the entries those of each severity end, in the order of `GRAVEST_LAST`."""
        self._odd: dict[int, tuple[int, int]] = {}
        """Length and padding of what is searched for, where it is not a word between two spaces."""
        for severity in GRAVEST_LAST:
            self._add(words.get(severity, ()))
            self._ends.append(len(self._entries))
        self._automaton.make_automaton()

    def judge(self, text: str) -> WordVerdict:
        """What of the lists is in a text."""
        if not len(self._automaton):
            return WordVerdict()
        seen = views(self._folder.fold(text))
        allowed, found = [], set()
        for end, number in self._automaton.iter(seen.text):
            entry, severity = self._entries[number], GRAVEST_LAST[bisect_right(self._ends, number)]
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

    def _add(self, texts: Iterable[str]) -> None:
        """In order of the alphabet, in which neighbours in the tree are neighbours in memory: a million
        words are there in two thirds of the time."""
        add, kept = self._automaton.add_word, self._entries
        for text in sorted(texts):
            if text.isascii() and text.isalpha():  # Most, where lists are long.
                add(f" {text.lower()} ", len(kept))
                kept.append(text)
                continue
            for key, padding in self._keys(text):
                self._odd[len(kept)] = len(key), padding
                add(key, len(kept))
                kept.append(text)

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
