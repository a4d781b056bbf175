"""The word filter: finds the entries of word lists, also in evasive spellings (Aho–Corasick)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import ahocorasick

from studio.recipes.moderation import WORD_ACTIONS, TextModerationResult, WordAction, WordMatch
from studio.safety.chinese_segmentation import splits_words
from studio.safety.corrections import WordCorrector
from studio.safety.decoding import unescape
from studio.safety.misspellings import MisspellingIndex
from studio.safety.phrases import EntryMatch, PhraseIndex
from studio.safety.pinyin import MIN_PINYIN_LETTERS, HomophoneIndex
from studio.safety.text_normalization import (
    WORD_RE,
    TextNormalizer,
    TextVariant,
    is_han,
    symbols,
)
from studio.safety.text_variants import VariantReader

WordListEntries = dict[WordAction | None, list[str]]
"""Words and phrases by action; action None allows whatever is found inside them. A star at the
start or end of an entry stands for any letters; `~` before an entry also finds its misspellings."""
PRECEDENCE: tuple[WordAction | None, ...] = (*reversed(WORD_ACTIONS), None)
"""Actions in ascending precedence: an entry of several lists gets the last one added."""
COMPOUND_CLASS = "glued"
"""The word class with the companions that are recognized when they are joined to an entry."""
MAX_MASK_PASSES = 20
"""A text that still has words to mask after this many passes is blocked."""


def empty_entries() -> WordListEntries:
    return {action: [] for action in PRECEDENCE}


class _KeyLayout(NamedTuple):
    """How an entry's search key lies in a variant.

    `length` is the key's; `padding` tells whether it starts (1) and ends (2) with a space. Keys
    with `han` are found in Chinese variants only; `mixed` keys have Chinese and Latin letters.
    """

    length: int
    padding: int
    han: bool = False
    mixed: bool = False


class WordFilter:
    """The entries of word lists, compiled for search. Safe for use from several threads."""

    def __init__(
        self,
        words: WordListEntries,
        classes: Mapping[str, Iterable[str]] | None = None,
        ordinary: Set[str] = frozenset(),
    ) -> None:
        """`classes` are word classes by name; `ordinary` are words that are never treated as
        evasions.

        Raises InvalidDocumentError for a phrase that is not valid.
        """
        self._normalizer = TextNormalizer()
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._entries: list[str] = []
        self._ends: list[int] = []
        """The end in `_entries` of those of each action, in the order of `PRECEDENCE`."""
        self._key_layouts: dict[int, _KeyLayout] = {}
        """By entry number; without an entry for a word between two spaces."""
        by_name = {name: frozenset(members) for name, members in (classes or {}).items()}
        self._phrases = PhraseIndex(by_name)
        self._homophones = HomophoneIndex(ordinary)
        misspelled: list[str] = []
        for action in PRECEDENCE:
            self._add_entries(words.get(action, ()), action, misspelled)
            self._ends.append(len(self._entries))
        self._automaton.make_automaton()
        self._variants = VariantReader(
            self._normalizer,
            self._complete,
            ordinary,
            WordCorrector(
                self._is_entry,
                ordinary,
                by_name.get(COMPOUND_CLASS, frozenset()),
                MisspellingIndex(misspelled, ordinary),
            ),
            self._homophones,
        )

    def check(self, text: str) -> TextModerationResult:
        """The entries in a text, and in what remains of it after masking.

        The masked text is searched again until nothing is found: what stood on both sides of a
        masked word may form an entry together.
        """
        result = self._search(text)
        matches = set(result.matches)
        remaining = text
        for _ in range(MAX_MASK_PASSES):
            if result.action != "mask":
                break
            remaining = result.blank_masked(remaining)
            result = self._search(remaining)
            matches.update(result.matches)
        else:
            entry = "too many words to mask"
            matches.add(WordMatch(entry=entry, action="block", start=0, end=len(text)))
        return _result(matches)

    def _search(self, text: str) -> TextModerationResult:
        """The entries in a text and in the same text without escapes."""
        if not len(self._automaton) and not self._phrases:
            return TextModerationResult()
        matches = set(self._matches(text))
        unescaped = unescape(text)
        if unescaped is not None:
            indices = unescaped.source_indices
            for match in self._matches(unescaped.text):
                first, last = indices[match.start], indices[match.end - 1]
                end = unescaped.ends.get(last, last + 1)
                matches.add(match.model_copy(update={"start": first, "end": end}))
        return _result(matches)

    def _matches(self, text: str) -> Iterator[WordMatch]:
        """The entries in every variant of a text, with positions in the text."""
        for variant in self._variants.search_variants(text, self._normalizer.normalize(text)):
            indices = variant.source_indices
            for match in self._find(variant):
                start, end = indices[match.start], indices[match.end - 1] + 1
                if variant.is_replacement:
                    start, end = min(indices), max(indices) + 1
                if end > start and match.action is not None:
                    yield WordMatch(entry=match.entry, action=match.action, start=start, end=end)

    def _find(self, variant: TextVariant) -> Iterator[EntryMatch]:
        """The entries in one variant, without those inside an allowed entry."""
        phrases = () if variant.is_han else self._phrases.find(variant)
        matches = [*self._entries_in(variant), *phrases]
        allowed = [(match.start, match.end) for match in matches if match.action is None]
        for match in matches:
            if match.action is not None and not any(
                start <= match.start and match.end <= end for start, end in allowed
            ):
                yield match

    def _entries_in(self, variant: TextVariant) -> Iterator[EntryMatch]:
        text = variant.text
        for last, number in self._automaton.iter(text):
            entry, action = self._entries[number], PRECEDENCE[bisect_right(self._ends, number)]
            layout = self._key_layouts.get(number) or _KeyLayout(len(entry) + 2, 3)
            start = last - layout.length + 1 + (layout.padding & 1)
            end = last - (layout.padding >> 1) + 1
            if layout.han:
                if not (variant.is_han or variant.is_replacement):
                    continue
                if action is not None and splits_words(text, start, end, entry):
                    continue
            elif layout.mixed:
                if _is_within_word(text, start, end):
                    continue
            else:
                if entry.startswith("*"):
                    start = text.rindex(" ", 0, start + 1) + 1
                if entry.endswith("*"):
                    end = text.index(" ", end - 1)
            if end > start:
                yield EntryMatch(start, end, entry, action)

    def _is_entry(self, word: str) -> bool:
        exists: bool = self._automaton.exists(f" {word} ")
        return exists

    def _complete(self, pattern: str) -> Iterator[str]:
        """The entries that match a pattern with `?` for letters."""
        for key in (f" {pattern} ", f" {pattern}", f"{pattern} ", pattern):
            for entry in self._automaton.keys(key, "?", ahocorasick.MATCH_EXACT_LENGTH):
                if entry.strip().isalpha():
                    yield entry.strip()

    def _add_entries(
        self, texts: Iterable[str], action: WordAction | None, misspelled: list[str]
    ) -> None:
        """Add entries in alphabetical order: neighbors in the trie are then neighbors in memory,
        and a million words are added in two thirds of the time."""
        add_word, entries = self._automaton.add_word, self._entries
        for text in sorted(texts):
            if text.isascii() and text.isalpha():  # Most entries of long lists.
                add_word(f" {text.lower()} ", len(entries))
                entries.append(text)
                continue
            if "{" in text:
                self._add_phrase(text, action, misspelled)
                continue
            entry = text.removeprefix("~")
            if entry is not text and entry.isascii():
                misspelled.append(entry.lower())
            for key, layout in self._keys(entry, entry is not text, action is None):
                self._key_layouts[len(entries)] = layout
                add_word(key, len(entries))
                entries.append(entry)

    def _add_phrase(self, text: str, action: WordAction | None, misspelled: list[str]) -> None:
        """A phrase of words as a pattern, a Chinese one as all the texts that it stands for."""
        if any(map(is_han, text)):
            self._add_entries(self._phrases.expand(text), action, misspelled)
        else:
            self._phrases.add(text, action)

    def _keys(
        self, text: str, with_homophones: bool, is_allowed: bool
    ) -> Sequence[tuple[str, _KeyLayout]]:
        """The search keys of an entry with their layouts."""
        normalized = self._normalizer.normalize(text).text
        is_word_start, is_word_end = not text.startswith("*"), not text.endswith("*")
        words = " ".join(WORD_RE.findall(normalized))
        han = "".join(char for char in words if is_han(char))
        if not words:
            emoji = "".join(symbols(normalized))
            return ((emoji, _KeyLayout(len(emoji), 0)),) if emoji else ()
        if not han:
            key = f"{' ' * is_word_start}{words}{' ' * is_word_end}"
            return ((key, _KeyLayout(len(key), is_word_start | is_word_end << 1)),)
        if han != words:
            return ((words, _KeyLayout(len(words), 0, mixed=True)),)
        sound = f" {self._homophones.add(han, with_homophones, is_allowed)} "
        is_long = len(sound) >= MIN_PINYIN_LETTERS + 2
        pinyin = ((sound, _KeyLayout(len(sound), 3)),) if is_long else ()
        return ((han, _KeyLayout(len(han), 0, han=True)), *pinyin)


def _result(matches: Iterable[WordMatch]) -> TextModerationResult:
    """The matches in the order of the text, and the most severe of their actions."""
    ordered = sorted(matches, key=lambda match: (match.start, match.end, match.entry))
    worst = min((WORD_ACTIONS.index(match.action) for match in ordered), default=None)
    action = None if worst is None else WORD_ACTIONS[worst]
    return TextModerationResult(action=action, matches=tuple(ordered))


def _is_within_word(text: str, start: int, end: int) -> bool:
    """Whether the Latin letters at the start or end of a match continue beyond it."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    continues_before = _is_latin(before) and _is_latin(text[start])
    return continues_before or (_is_latin(after) and _is_latin(text[end - 1]))


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
