"""Chinese by sound: pinyin, mixes of characters and pinyin, homophones."""

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from studio.safety.chinese_segmentation import CLAUSE_BREAKS, word_boundaries
from studio.safety.text_normalization import NormalizedText, TextVariant, is_han, replacement_for

_INITIAL = re.compile("[\u3400-\u9fff][a-z](?![a-z0-9恤裇])|(?<![a-z0-9])[a-z][\u3400-\u9fff]")
_LATIN = re.compile("[a-z]+[1-4]?")
MAX_SYLLABLES = 6
"""Syllables of an entry that is found by its sound."""
MIN_PINYIN_LETTERS = 5
"""Letters of an entry that is written in pinyin alone."""
MAX_SYLLABLE_LETTERS = 6
CONTEXT_CHARS = 20
"""Characters on each side that the segmentation around one character reads."""


@cache
def syllables() -> frozenset[str]:
    """All pinyin syllables without tones."""
    from pypinyin.constants import PINYIN_DICT

    readings = (reading for readings in PINYIN_DICT.values() for reading in readings.split(","))
    return frozenset(map(_without_tone, readings)) - {"n", "m", "ng", "hm", "hng", ""}


@lru_cache(maxsize=8192)
def pronounce(char: str) -> str:
    """The most common reading of a character, without tone."""
    from pypinyin import lazy_pinyin

    return _without_tone(lazy_pinyin(char)[0])


def _without_tone(syllable: str) -> str:
    decomposed = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(char for char in decomposed if char.isascii() and char.isalpha())


@lru_cache(maxsize=4096)
def split_pinyin(word: str) -> tuple[str, ...] | None:
    """A word as the fewest pinyin syllables, such as `caonima`; None if it is not pinyin."""
    valid = syllables()
    best: dict[int, tuple[str, ...]] = {0: ()}
    reached = 0
    for end in range(1, len(word) + 1):
        if end - reached > MAX_SYLLABLE_LETTERS:
            return None
        for start in range(max(0, end - MAX_SYLLABLE_LETTERS), end):
            part = word[start:end]
            if (
                start in best
                and part in valid
                and (end not in best or len(best[start]) + 1 < len(best[end]))
            ):
                best[end] = (*best[start], part)
                reached = end
    return best.get(len(word))


class Syllable(NamedTuple):
    """A syllable of a text: a character, or pinyin as part of a word that it starts or ends."""

    sound: str
    source_indices: tuple[int, ...]
    char: str = ""
    word: str = ""
    is_word_start: bool = True
    is_word_end: bool = True


def syllable_runs(text: NormalizedText) -> list[list[Syllable]]:
    """Runs of two or more consecutive characters and pinyin syllables; signs between them are
    ignored."""
    runs: list[list[Syllable]] = [[]]
    position = 0
    while position < len(text.text):
        char = text.text[position]
        if is_han(char):
            runs[-1].append(Syllable(pronounce(char), (text.source_indices[position],), char))
            position += 1
            continue
        match = _LATIN.match(text.text, position)
        if match is None:
            if char in CLAUSE_BREAKS or char.isalnum():
                runs.append([])
            position += 1
            continue
        word = match.group().rstrip("1234")
        parts = split_pinyin(word)
        if parts is None:
            runs.append([])
        else:
            runs[-1] += _word_syllables(text.slice(position, position + len(word)), parts)
        position = match.end()
    return [run for run in runs if len(run) > 1]


def _word_syllables(word: NormalizedText, parts: tuple[str, ...]) -> Iterator[Syllable]:
    """The syllables of a word in pinyin, whose text is that of `parts` together."""
    start = 0
    for index, part in enumerate(parts):
        indices = word.source_indices[start : start + len(part)]
        is_last = index == len(parts) - 1
        yield Syllable(part, indices, "", word.text, index == 0, is_last)
        start += len(part)


def _han_around(text: str, position: int) -> tuple[str, str]:
    """The adjacent Chinese characters before and after a position, up to `CONTEXT_CHARS` each."""
    first = last = position
    while first and position - first < CONTEXT_CHARS and is_han(text[first - 1]):
        first -= 1
    while last + 1 < len(text) and last - position < CONTEXT_CHARS and is_han(text[last + 1]):
        last += 1
    return text[first:position], text[position + 1 : last + 1]


def window_bounds(length: int) -> Iterator[tuple[int, int]]:
    """Start and end of every window of 2 to `MAX_SYLLABLES` syllables in a run of `length`."""
    for start in range(length - 1):
        for end in range(start + 2, min(start + MAX_SYLLABLES, length) + 1):
            yield start, end


def _are_single_words(run: list[Syllable], start: int, end: int) -> bool:
    """Whether each of these characters is segmented as a word by itself, as in a text without a
    meaning of its own."""
    first, last = start, end
    while first and run[first - 1].char:
        first -= 1
    while last < len(run) and run[last].char:
        last += 1
    bounds = word_boundaries("".join(syllable.char for syllable in run[first:last]))
    return all(index - first in bounds for index in range(start, end + 1))


class HomophoneIndex:
    """Chinese entries by their sound.

    `ordinary` are words of other languages: pinyin that consists of them alone is no match.
    """

    def __init__(self, ordinary: Container[str]) -> None:
        self._ordinary = ordinary
        self._entries: dict[str, list[str]] = {}
        self._with_homophones: set[str] = set()
        self._allowed: set[str] = set()
        self._initials: dict[str, str] = {}
        """Entries of two characters by one of them and the first letter of the other."""

    def add(self, han: str, with_homophones: bool, is_allowed: bool) -> str:
        """Add an entry and return its sound.

        `with_homophones`: it is also found in other characters of the same sound. `is_allowed`: its
        text is never a homophone of another entry.
        """
        if is_allowed:
            self._allowed.add(han)
        sound = "".join(map(pronounce, han))
        if 2 <= len(han) <= MAX_SYLLABLES:
            self._entries.setdefault(sound, []).append(han)
        if with_homophones and 2 <= len(han) <= MAX_SYLLABLES:
            self._with_homophones.add(han)
            if len(han) == 2:
                self._initials[han[0] + pronounce(han[1])[:1]] = han
                self._initials[pronounce(han[0])[:1] + han[1]] = han
        return sound

    def variants(self, text: NormalizedText) -> Iterator[TextVariant]:
        """The entries that a text contains by sound: in pinyin, in characters and pinyin, and in
        homophones that have no meaning of their own."""
        if not self._entries:
            return
        yield from self._abbreviations(text)
        for run in syllable_runs(text):
            for start, end in window_bounds(len(run)):
                window = run[start:end]
                sound = "".join(syllable.sound for syllable in window)
                for entry in self._entries.get(sound, ()):
                    if len(entry) == len(window) and self._is_homophone(run, start, entry):
                        indices = [i for syllable in window for i in syllable.source_indices]
                        yield replacement_for(NormalizedText("", tuple(indices)), entry)

    def _abbreviations(self, text: NormalizedText) -> Iterator[TextVariant]:
        """Entries with one character as the first letter of its sound, such as `强j`.

        The other character has to be a word by itself, which it is not in `红色Q版`.
        """
        for match in _INITIAL.finditer(text.text):
            entry = self._initials.get(match.group())
            if entry is None:
                continue
            start, end = match.span()
            position = start if is_han(text.text[start]) else end - 1
            before, after = _han_around(text.text, position)
            bounds = word_boundaries(before + text.text[position] + after)
            if len(before) in bounds and len(before) + 1 in bounds:
                yield replacement_for(text.slice(start, end), entry)

    def _is_homophone(self, run: list[Syllable], start: int, entry: str) -> bool:
        """Whether the syllables from `start` on, which sound like the entry, stand for it."""
        end = start + len(entry)
        window = run[start:end]
        chars = [syllable.char for syllable in window]
        equal = [char == expected for char, expected in zip(chars, entry, strict=True)]
        if all(chars):
            is_partial = not all(equal) and any(equal) and "".join(chars) not in self._allowed
            if entry not in self._with_homophones or not is_partial:
                return False
            return _are_single_words(run, start, end)
        if any(chars):
            return all(not char or same for char, same in zip(chars, equal, strict=True))
        letters = sum(len(syllable.sound) for syllable in window)
        if letters < MIN_PINYIN_LETTERS:
            return False
        if not (window[0].is_word_start and window[-1].is_word_end):
            return False
        return any(syllable.word not in self._ordinary for syllable in window)
