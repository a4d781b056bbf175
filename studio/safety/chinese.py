"""Chinese as it is read: without what stands between its characters, by the boundaries of its words, and
by its sound, where characters and pinyin are mixed."""

import re
import threading
from collections.abc import Container, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from studio.safety.folding import Folded, View, is_han, standing_for
from studio.safety.lookalikes import COMPONENTS

if TYPE_CHECKING:
    from jieba import Tokenizer

CLAUSES = frozenset("，。；！？、,.;!?\n")
_COMPONENT = re.compile("|".join(COMPONENTS))
_HAN = "[\u3400-\u9fff]"
_HAN_FIRST, _HAN_LAST = re.compile(f"{_HAN}+"), re.compile(f"{_HAN}{{1,20}}$")
_INITIAL = re.compile(f"{_HAN}[a-z](?![a-z0-9恤裇])|(?<![a-z0-9])[a-z]{_HAN}")
_LATIN = re.compile("[a-z]+[1-4]?")
LONGEST_SPOKEN, MIN_PINYIN, LONGEST_SYLLABLE = 6, 5, 6
"""Syllables of an entry that are looked for, letters of one in pinyin alone, and of a syllable."""
_LOADING = threading.Lock()
OUR_WORDS = ("裸色", "裸粉", "裸粉色", "裸妆", "裸靴", "裸肩", "爱心", "麻袋", "麻布", "腕表", "情侣", "情侣装", "交领", "汉服", "旗袍", "洋装", "卫衣", "麻花", "片瓦", "吊带", "吊牌", "体恤", "体恤衫", "房间", "操场", "交叉", "交替", "牛皮")  # fmt: skip
"""What people say of clothes, as words of their own."""


def clauses(folded: Folded) -> Iterator[Folded]:
    """Chinese without what stands between its characters; clauses stay apart, unless of one character
    each."""
    found: list[list[int]] = [[]]
    for index, char in enumerate(folded.text):
        if is_han(char):
            found[-1].append(index)
        elif char in CLAUSES and found[-1]:
            found.append([])
    merged: list[list[int]] = []
    single = False
    for clause in filter(None, found):
        if single and len(clause) == 1:
            merged[-1] += clause
        else:
            merged.append(list(clause))
        single = len(clause) == 1
    for clause in merged:
        yield Folded(
            "".join(folded.text[i] for i in clause), tuple(folded.places[i] for i in clause)
        )


def composed(clause: Folded) -> Folded | None:
    """With characters that were taken apart put together; None where none were."""
    if not _COMPONENT.search(clause.text):
        return None
    text, places, at = [], [], 0
    for found in _COMPONENT.finditer(clause.text):
        text += [clause.text[at : found.start()], COMPONENTS[found.group()]]
        places += [*clause.places[at : found.start()], clause.places[found.start()]]
        at = found.end()
    return Folded("".join([*text, clause.text[at:]]), (*places, *clause.places[at:]))


@cache
def _tokenizer() -> "Tokenizer":
    """jieba's, with its dictionary, which takes a second to read. Its own cache is passed over: a file of a
    foreseeable name among everybody's temporary ones."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    made = jieba.Tokenizer()
    made.FREQ, made.total = made.gen_pfdict(made.get_dict_file())
    made.initialized = True
    for word in OUR_WORDS:
        made.add_word(word)
    return made


@lru_cache(maxsize=256)
def boundaries(text: str) -> frozenset[int]:
    """Where the words of a Chinese text begin, and its end."""
    with _LOADING:
        tokenizer = _tokenizer()
    at, found = 0, {0}
    for word in tokenizer.cut(text, HMM=False):
        at += len(word)
        found.add(at)
    return frozenset(found)


def cuts_words(text: str, start: int, end: int, entry: str) -> bool:
    """Whether an entry that stands from `start` to `end` begins or ends within a word that goes on beyond
    it, as the two characters in the middle of two words of two do. What lies within one word does
    not. A star of the entry says that it does not matter there."""
    bounds = boundaries(text)
    if not any(start < bound < end for bound in bounds):
        return False
    begins = entry.startswith("*") or start in bounds
    return not (begins and (entry.endswith("*") or end in bounds))


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
    import unicodedata

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
    places: tuple[int, ...]
    char: str = ""
    word: str = ""
    begins: bool = True
    ends: bool = True


def units(folded: Folded) -> list[list[Unit]]:
    """Runs of characters and pinyin that follow one another, whatever signs are between them."""
    runs: list[list[Unit]] = [[]]
    at = 0
    while at < len(folded.text):
        char = folded.text[at]
        if is_han(char):
            runs[-1].append(Unit(spoken(char), (folded.places[at],), char))
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
            places = folded.places[start : start + len(part)]
            last = number == len(parts or ()) - 1
            runs[-1].append(Unit(part, places, word=word, begins=number == 0, ends=last))
            start += len(part)
        at = found.end()
    return [run for run in runs if len(run) > 1]


def _han_before(text: str, at: int) -> str:
    found = _HAN_LAST.search(text, 0, at)
    return found.group() if found else ""


def _han_after(text: str, at: int) -> str:
    found = _HAN_FIRST.match(text, at + 1)
    return found.group() if found else ""


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
        self._alike: set[str] = set()
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
            self._alike.add(han)
            if len(han) == 2:
                self._initials[han[0] + spoken(han[1])[:1]] = han
                self._initials[spoken(han[0])[:1] + han[1]] = han
        return sound

    def views(self, folded: Folded) -> Iterator[View]:
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
                        places = [place for unit in window for place in unit.places]
                        yield standing_for(entry, Folded("", tuple(places)))

    def abbreviated(self, folded: Folded) -> Iterator[View]:
        """Entries of which one character is the first letter of its sound: `强j`. The other is a word of
        its own where it stands, as it is not in `红色Q版`."""
        for found in _INITIAL.finditer(folded.text):
            entry = self._initials.get("".join(found.group().split()))
            if entry is None:
                continue
            at = found.start() if is_han(folded.text[found.start()]) else found.end() - 1
            before = _han_before(folded.text, at)
            after = _han_after(folded.text, at)
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
            return entry in self._alike and other and _apart(run, start, start + len(entry))
        if any(written):
            return all(not char or held for char, held in zip(written, same, strict=True))
        long = len("".join(unit.sound for unit in window)) >= MIN_PINYIN
        whole = window[0].begins and window[-1].ends
        return long and whole and any(unit.word not in self._ordinary for unit in window)
