"""The word filter: entries of lists found in a text, however they are dressed up (Aho and Corasick)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import ahocorasick

from studio.recipes.moderation import WORD_ACTIONS, TextModerationResult, WordAction, WordMatch
from studio.safety.chinese_segmentation import cuts_words
from studio.safety.decoding import unescaped
from studio.safety.phrases import Found, Phrases
from studio.safety.pinyin import MIN_PINYIN, Heard
from studio.safety.spelling import Misspelt
from studio.safety.text_normalization import WORD, TextNormalizer, View, is_han, symbols
from studio.safety.text_variants import Reader

WordListEntries = dict[WordAction | None, list[str]]
"""Words and phrases by what becomes of them; a star at the beginning or end of one stands for any letters,
a `~` before it says that it is looked for misspelt, too. None: they are allowed, whatever is found in them."""
PRECEDENCE: tuple[WordAction | None, ...] = (*reversed(WORD_ACTIONS), None)
"""Of an entry in several lists the gravest stands, and what is allowed beats all: what is added last."""


GLUED = "glued"
"""The class of the words that are glued to entries."""
MOST_LOOKS = 20
"""A text in which so many looks each find something to mask is blocked."""


def empty_entries() -> WordListEntries:
    return {severity: [] for severity in PRECEDENCE}


class _Key(NamedTuple):
    """How an entry is searched for: its length, whether a space before (1) and after (2) is part of it,
    and whether it is Chinese, which is found in texts of Chinese characters alone."""

    length: int
    padding: int
    han: bool = False
    mixed: bool = False


class WordFilter:
    def __init__(
        self,
        words: WordListEntries,
        classes: Mapping[str, Iterable[str]] | None = None,
        ordinary: Set[str] = frozenset(),
    ) -> None:
        self._normalizer = TextNormalizer()
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._entries: list[str] = []
        self._ends: list[int] = []
        """Where in the entries those of each severity end, in the order of `GRAVEST_LAST`."""
        self._key_layouts: dict[int, _Key] = {}
        """How those are searched for that are not a word between two spaces."""
        named = {name: frozenset(held) for name, held in (classes or {}).items()}
        self._phrases = Phrases(named)
        self._homophones = Heard(ordinary)
        misspelt: list[str] = []
        for severity in PRECEDENCE:
            self._add(words.get(severity, ()), severity, misspelt)
            self._ends.append(len(self._entries))
        self._automaton.make_automaton()
        self._reader = Reader(
            self._normalizer,
            self._allowed,
            self._completed,
            ordinary,
            named.get(GLUED, frozenset()),
            Misspelt(misspelt, ordinary),
            self._homophones,
        )

    def check(self, text: str) -> TextModerationResult:
        """What of the lists is in a text, also in what is left of it once words are masked: what stands on
        either side of one may be a word of the lists, without that between them."""
        verdict = self._search(text)
        found = set(verdict.matches)
        left = text
        for _ in range(MOST_LOOKS):
            if verdict.action != "mask":
                break
            left = verdict.blank_masked(left)
            verdict = self._search(left)
            found.update(verdict.matches)
        else:
            found.add(
                WordMatch(entry="too many words to mask", action="block", start=0, end=len(text))
            )
        return _verdict(found)

    def _search(self, text: str) -> TextModerationResult:
        if not len(self._automaton) and not self._phrases:
            return TextModerationResult()
        found = set(self._matches(text))
        plain = unescaped(text)
        if plain is not None:
            for match in self._matches(plain.text):
                first, last = plain.source_indices[match.start], plain.source_indices[match.end - 1]
                end = plain.ends.get(last, last + 1)
                found.add(match.model_copy(update={"start": first, "end": end}))
        return _verdict(found)

    def _matches(self, text: str) -> Iterator[WordMatch]:
        for view in self._reader.views(text, self._normalizer.normalize(text)):
            for found in self._find(view):
                start, end = (
                    view.source_indices[found.start],
                    view.source_indices[found.end - 1] + 1,
                )
                if view.whole:
                    start, end = min(view.source_indices), max(view.source_indices) + 1
                if end > start and found.severity is not None:
                    yield WordMatch(entry=found.entry, action=found.severity, start=start, end=end)

    def _find(self, view: View) -> Iterator[Found]:
        """What stands in one view, less what is allowed there."""
        found = [*self._entries_in(view), *(() if view.han else self._phrases.find(view))]
        held = [each for each in found if each.severity is not None]
        allowed = [(each.start, each.end) for each in found if each.severity is None]
        for each in held:
            if not any(start <= each.start and each.end <= end for start, end in allowed):
                yield each

    def _entries_in(self, view: View) -> Iterator[Found]:
        text = view.text
        for at, number in self._automaton.iter(text):
            entry, severity = self._entries[number], PRECEDENCE[bisect_right(self._ends, number)]
            key = self._key_layouts.get(number) or _Key(len(entry) + 2, 3)
            first, end = at - key.length + 1 + (key.padding & 1), at - (key.padding >> 1) + 1
            if key.han:
                if not (view.han or view.whole):
                    continue
                if severity is not None and cuts_words(text, first, end, entry):
                    continue
            elif key.mixed:
                if _goes_on(text, first, end):
                    continue
            else:
                if entry.startswith("*"):
                    first = text.rindex(" ", 0, first + 1) + 1
                if entry.endswith("*"):
                    end = text.index(" ", end - 1)
            if end > first:
                yield Found(first, end, entry, severity)

    def _allowed(self, word: str) -> bool:
        known: bool = self._automaton.exists(f" {word} ")
        return known

    def _completed(self, pattern: str) -> Iterator[str]:
        """Entries that a word with question marks for letters may be."""
        for key in (f" {pattern} ", f" {pattern}", f"{pattern} ", pattern):
            for entry in self._automaton.keys(key, "?", ahocorasick.MATCH_EXACT_LENGTH):
                if entry.strip().isalpha():
                    yield entry.strip()

    def _add(self, texts: Iterable[str], severity: WordAction | None, misspelt: list[str]) -> None:
        """In order of the alphabet, in which neighbours in the tree are neighbours in memory: a million
        words are there in two thirds of the time."""
        add, kept = self._automaton.add_word, self._entries
        for text in sorted(texts):
            if text.isascii() and text.isalpha():  # Most, where lists are long.
                add(f" {text.lower()} ", len(kept))
                kept.append(text)
                continue
            if "{" in text:
                self._add_phrase(text, severity, misspelt)
                continue
            entry = text.removeprefix("~")
            if entry is not text and entry.isascii():
                misspelt.append(entry.lower())
            for key, how in self._keys(entry, entry is not text, severity is None):
                self._key_layouts[len(kept)] = how
                add(key, len(kept))
                kept.append(entry)

    def _add_phrase(self, text: str, severity: WordAction | None, misspelt: list[str]) -> None:
        """One of words as a pattern, one of Chinese as all that it stands for."""
        if any(map(is_han, text)):
            self._add(self._phrases.spelt_out(text), severity, misspelt)
        else:
            self._phrases.add(text, severity)

    def _keys(self, text: str, alike: bool, allowed: bool) -> Sequence[tuple[str, _Key]]:
        """What is searched for, and how."""
        folded = self._normalizer.normalize(text).text
        begins, ends = not text.startswith("*"), not text.endswith("*")
        plain = " ".join(WORD.findall(folded))
        han = "".join(char for char in plain if is_han(char))
        if not plain:
            drawn = "".join(symbols(folded))
            return ((drawn, _Key(len(drawn), 0)),) if drawn else ()
        if not han:
            key = f"{' ' * begins}{plain}{' ' * ends}"
            return ((key, _Key(len(key), begins | ends << 1)),)
        if han != plain:
            return ((plain, _Key(len(plain), 0, mixed=True)),)
        sound = f" {self._homophones.add(han, alike, allowed)} "
        heard = ((sound, _Key(len(sound), 3)),) if len(sound) >= MIN_PINYIN + 2 else ()
        return ((han, _Key(len(han), 0, han=True)), *heard)


def _verdict(found: Iterable[WordMatch]) -> TextModerationResult:
    matches = sorted(found, key=lambda match: (match.start, match.end, match.entry))
    worst = min((WORD_ACTIONS.index(match.action) for match in matches), default=None)
    return TextModerationResult(
        action=None if worst is None else WORD_ACTIONS[worst], matches=tuple(matches)
    )


def _goes_on(text: str, first: int, end: int) -> bool:
    """Whether Latin letters that an entry begins or ends with are part of a longer word."""
    before, after = text[first - 1 : first] if first else "", text[end : end + 1]
    return (_latin(before) and _latin(text[first])) or (_latin(after) and _latin(text[end - 1]))


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
