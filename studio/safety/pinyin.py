"""Chinese by its sound, where characters and pinyin are mixed or stand for others of the same sound."""

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from studio.safety.chinese_segmentation import CLAUSES, boundaries
from studio.safety.text_normalization import NormalizedText, View, is_han, standing_for

_INITIAL = re.compile("[\u3400-\u9fff][a-z](?![a-z0-9恤裇])|(?<![a-z0-9])[a-z][\u3400-\u9fff]")
_LATIN = re.compile("[a-z]+[1-4]?")
LONGEST_SPOKEN, MIN_PINYIN, LONGEST_SYLLABLE = 6, 5, 6
"""Syllables of an entry that are looked for, letters of one in pinyin alone, and of a syllable."""
CONTEXT = 20
"""Characters on either side by which a word of one is told."""


@cache
def syllables() -> frozenset[str]:
    """Every syllable of pinyin, without tones."""
    from pypinyin.constants import PINYIN_DICT

    return frozenset(_plain(each) for said in PINYIN_DICT.values() for each in said.split(",")) - {
        "n",
        "m",
        "ng",
        "hm",
        "hng",
        "",
    }


@lru_cache(maxsize=8192)
def spoken(char: str) -> str:
    """The commonest reading of a character, without its tone."""
    from pypinyin import lazy_pinyin

    return _plain(lazy_pinyin(char)[0])


def _plain(syllable: str) -> str:
    bare = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(char for char in bare if char.isascii() and char.isalpha())


@lru_cache(maxsize=4096)
def split_pinyin(word: str) -> tuple[str, ...] | None:
    """`caonima` as syllables, the fewest; None for what is no pinyin."""
    known = syllables()
    best: dict[int, tuple[str, ...]] = {0: ()}
    reached = 0
    for end in range(1, len(word) + 1):
        if end - reached > LONGEST_SYLLABLE:
            return None
        for start in range(max(0, end - LONGEST_SYLLABLE), end):
            part = word[start:end]
            if (
                start in best
                and part in known
                and (end not in best or len(best[start]) + 1 < len(best[end]))
            ):
                best[end] = (*best[start], part)
                reached = end
    return best.get(len(word))


class Unit(NamedTuple):
    """A syllable of a text: a character, or pinyin in its stead, and the word that it is part of, and
    whether it begins or ends that."""

    sound: str
    source_indices: tuple[int, ...]
    char: str = ""
    word: str = ""
    begins: bool = True
    ends: bool = True


def units(folded: NormalizedText) -> list[list[Unit]]:
    """Runs of characters and pinyin that follow one another, whatever signs are between them."""
    runs: list[list[Unit]] = [[]]
    at = 0
    while at < len(folded.text):
        char = folded.text[at]
        if is_han(char):
            runs[-1].append(Unit(spoken(char), (folded.source_indices[at],), char))
            at += 1
            continue
        found = _LATIN.match(folded.text, at)
        if found is None:
            if char in CLAUSES or char.isalnum():
                runs.append([])
            at += 1
            continue
        word = found.group().rstrip("1234")
        parts = split_pinyin(word)
        if parts is None:
            runs.append([])
        start = at
        for number, part in enumerate(parts or ()):
            places = folded.source_indices[start : start + len(part)]
            last = number == len(parts or ()) - 1
            runs[-1].append(Unit(part, places, word=word, begins=number == 0, ends=last))
            start += len(part)
        at = found.end()
    return [run for run in runs if len(run) > 1]


def _han_around(text: str, at: int) -> tuple[str, str]:
    """The Chinese characters before and after a place, some of them."""
    first = last = at
    while first and at - first < CONTEXT and is_han(text[first - 1]):
        first -= 1
    while last + 1 < len(text) and last - at < CONTEXT and is_han(text[last + 1]):
        last += 1
    return text[first:at], text[at + 1 : last + 1]


def windows(length: int) -> Iterator[tuple[int, int]]:
    for start in range(length - 1):
        for end in range(start + 2, min(start + LONGEST_SPOKEN, length) + 1):
            yield start, end


def _apart(run: list[Unit], start: int, end: int) -> bool:
    """Whether these characters are words of one each where they stand, which is how a text is split that
    means nothing as it is written."""
    first, last = start, end
    while first and run[first - 1].char:
        first -= 1
    while last < len(run) and run[last].char:
        last += 1
    bounds = boundaries("".join(unit.char for unit in run[first:last]))
    return all(at - first in bounds for at in range(start, end + 1))


class Heard:
    """Chinese entries by their sound. Those in `alike` are looked for in other characters of the same
    sound, too."""

    def __init__(self, ordinary: Container[str]) -> None:
        self._ordinary = ordinary
        self._entries: dict[str, list[str]] = {}
        self._confusables: set[str] = set()
        self._allowed: set[str] = set()
        self._initials: dict[str, str] = {}
        """Entries by one character and the first letter of the other."""

    def add(self, han: str, alike: bool, allowed: bool) -> str:
        """Takes an entry in, and gives its sound. One that is allowed is never taken for another."""
        if allowed:
            self._allowed.add(han)
        sound = "".join(map(spoken, han))
        if 2 <= len(han) <= LONGEST_SPOKEN:
            self._entries.setdefault(sound, []).append(han)
        if alike and 2 <= len(han) <= LONGEST_SPOKEN:
            self._confusables.add(han)
            if len(han) == 2:
                self._initials[han[0] + spoken(han[1])[:1]] = han
                self._initials[spoken(han[0])[:1] + han[1]] = han
        return sound

    def views(self, folded: NormalizedText) -> Iterator[View]:
        """Entries that a text holds by their sound: in pinyin, in characters and pinyin, and in
        characters that mean nothing else."""
        if not self._entries:
            return
        yield from self.abbreviated(folded)
        for run in units(folded):
            for start, end in windows(len(run)):
                window = run[start:end]
                for entry in self._entries.get("".join(unit.sound for unit in window), ()):
                    if len(entry) == len(window) and self._means(run, start, entry):
                        places = [place for unit in window for place in unit.source_indices]
                        yield standing_for(entry, NormalizedText("", tuple(places)))

    def abbreviated(self, folded: NormalizedText) -> Iterator[View]:
        """Entries of which one character is the first letter of its sound: `强j`. The other is a word of
        its own where it stands, as it is not in `红色Q版`."""
        for found in _INITIAL.finditer(folded.text):
            entry = self._initials.get(found.group())
            if entry is None:
                continue
            at = found.start() if is_han(folded.text[found.start()]) else found.end() - 1
            before, after = _han_around(folded.text, at)
            bounds = boundaries(before + folded.text[at] + after)
            if len(before) in bounds and len(before) + 1 in bounds:
                yield standing_for(entry, folded.part(found.start(), found.end()))

    def _means(self, run: list[Unit], start: int, entry: str) -> bool:
        """Whether an entry is meant from one unit of a run on, which sounds like it."""
        window = run[start : start + len(entry)]
        written = [unit.char for unit in window]
        same = [char == meant for char, meant in zip(written, entry, strict=True)]
        if all(written):
            other = not all(same) and any(same) and "".join(written) not in self._allowed
            return entry in self._confusables and other and _apart(run, start, start + len(entry))
        if any(written):
            return all(not char or held for char, held in zip(written, same, strict=True))
        long = len("".join(unit.sound for unit in window)) >= MIN_PINYIN
        whole = window[0].begins and window[-1].ends
        return long and whole and any(unit.word not in self._ordinary for unit in window)
