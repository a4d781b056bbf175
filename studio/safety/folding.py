"""Texts as a word filter reads them: each letter in its plainest form, and where it stood."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "(": "c", "€": "e"}  # fmt: skip
"""Digits and signs that stand for letters; 1, ! and | for l, too."""
TALL = str.maketrans({"1": "l", "!": "l", "|": "l"})
ENDS = ".,;:!?()\"'…。，；：！？、（）「」“”‘’-_"
"""What may stand beside a word without being part of it."""
TALL_SIGNS = re.compile(r"[1!|]")
WORD, PIECE = re.compile(r"[^\W_]+"), re.compile(r"\S+")
DRAWN_OUT = re.compile(r"(.)\1\1")
HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
CLAUSES = frozenset("，。；！？、,.;!?\n")
SHORT = frozenset(("a", "an", "as", "at", "us", "is", "it", "in", "on", "of", "to", "so", "no", "my", "me", "we", "he", "she", "or", "by", "be", "do", "go", "if", "up", "am", "i", "the", "and", "for", "but", "his", "her", "hot", "big", "red"))  # fmt: skip
"""Words that stand beside others in earnest: never glued to them."""
MOST_GLUED, LONGEST_GLUED, LONGEST_SPELT = 4, 14, 10
"""Neighbours that are glued, the letters of what comes of it, and of a word in single letters."""


class Folded(NamedTuple):
    """Characters, and for each the place in the original that it comes from."""

    text: str
    places: tuple[int, ...]


class Folder:
    """Brings characters to their plainest form: case, width, accents, traditional Chinese, letters of
    other scripts that look like Latin ones. Remembers what it has met."""

    def __init__(self) -> None:
        from confusable_homoglyphs import confusables
        from opencc import OpenCC

        self._simplified = OpenCC("t2s")
        self._alike = {
            char: alike["c"].lower()
            for char, looks in confusables.confusables_data.items()
            if not char.isascii()
            for alike in looks
            if len(alike["c"]) == 1 and alike["c"].isascii() and alike["c"].isalpha()
        }
        self._met: dict[str, str] = {}

    def fold(self, text: str) -> Folded:
        met = self._met
        folded, places = [], []
        for place, char in enumerate(text):
            plain = met.get(char)
            if plain is None:
                plain = met.setdefault(char, self._plain(char))
            for each in plain:
                folded.append(each)
                places.append(place)
        return Folded("".join(folded), tuple(places))

    def _plain(self, char: str) -> str:
        """Empty for what is not seen: marks on letters, joiners, directions."""
        if char.isascii():
            return char.lower()
        wide = unicodedata.normalize("NFKC", char)
        split = unicodedata.normalize("NFD", wide.casefold())
        seen = [
            each for each in split if unicodedata.category(each) not in ("Mn", "Me", "Cf", "Cc")
        ]
        plain = "".join(
            self._simplified.convert(each) if is_han(each) else self._alike.get(each, each)
            for each in seen
        )
        return plain.lower()


def is_han(char: str) -> bool:
    return HAN.match(char) is not None


def views(folded: Folded) -> Folded:
    """Every way in which a text is searched, one after another, words between single spaces."""
    pieces = list(_pieces(folded))
    read = [_unmasked(piece) for piece in pieces]
    tall = [_unmasked(piece, TALL) for piece in pieces if TALL_SIGNS.search(piece.text)]
    dressed = [now for piece, now in zip(pieces, read, strict=True) if now is not piece]
    others = (*dressed, *tall, *_squeezed(read), *_neighbours(read), *_han(folded))
    text = [_plain_words(folded), *(_spaced(each) for each in others if each.text)]
    return Folded(
        "".join(way.text for way in text), tuple(chain.from_iterable(way.places for way in text))
    )


def _plain_words(folded: Folded) -> Folded:
    """As it is written; whatever is neither letter nor digit is one space."""
    text, places = [" "], [0]
    for found in WORD.finditer(folded.text):
        start, end = found.span()
        text += found.group(), " "
        places += folded.places[start:end]
        places.append(places[-1])
    return Folded("".join(text), tuple(places))


def _pieces(folded: Folded) -> Iterator[Folded]:
    """What stands between spaces, without the signs around it."""
    for found in PIECE.finditer(folded.text):
        inner = found.group().strip(ENDS)
        if inner:
            first = found.start() + found.group().index(inner)
            yield Folded(inner, folded.places[first : first + len(inner)])


def _unmasked(piece: Folded, tall: dict[int, str] | None = None) -> Folded:
    """Signs that stand for letters are letters, others are gone: `s.h-1.t` is `shit`."""
    if piece.text.isalpha() or HAN.search(piece.text):
        return piece
    text = piece.text.translate(tall) if tall else piece.text
    read = [(LEET.get(char, char), place) for char, place in zip(text, piece.places, strict=True)]
    kept = [(char, place) for char, place in read if char.isalnum()]
    return Folded("".join(char for char, _ in kept), tuple(place for _, place in kept))


def _squeezed(pieces: Iterable[Folded]) -> Iterator[Folded]:
    """Letters that are drawn out stand once: `fuuuuck` is `fuck`."""
    for piece in pieces:
        text = piece.text
        if not DRAWN_OUT.search(text):
            continue
        kept = [i for i in range(len(text)) if i == 0 or text[i] != text[i - 1]]
        yield Folded("".join(text[i] for i in kept), tuple(piece.places[i] for i in kept))


def _neighbours(pieces: list[Folded]) -> Iterator[Folded]:
    """Words in parts, `f u c k` and `fu ck`: neighbours glued, where one is too short for a word."""
    lengths = [len(piece.text) for piece in pieces]
    loose = [
        length <= 2 and piece.text not in SHORT
        for length, piece in zip(lengths, pieces, strict=True)
    ]
    index = 0
    while index < len(pieces):
        run = index
        while run < len(pieces) and lengths[run] == 1:
            run += 1
        if run - index >= 3:
            yield from _windows(pieces[index:run])
            index = run
            continue
        if any(loose[index : index + MOST_GLUED]):
            yield from _glued(pieces[index : index + MOST_GLUED])
        index += 1


def _windows(letters: Sequence[Folded]) -> Iterator[Folded]:
    """Every word that letters apart may spell, stray ones before and after it."""
    for start in range(len(letters) - 2):
        for end in range(start + 3, min(start + LONGEST_SPELT, len(letters)) + 1):
            yield _joined(letters[start:end])


def _glued(pieces: Sequence[Folded]) -> Iterator[Folded]:
    """The first of these with one, two or three of those after it."""
    for count in range(2, len(pieces) + 1):
        some = pieces[:count]
        if (
            any(each.text in SHORT for each in some)
            or sum(len(e.text) for e in some) > LONGEST_GLUED
        ):
            return
        if min(len(each.text) for each in some) <= 2:
            yield _joined(some)


def _joined(pieces: Iterable[Folded]) -> Folded:
    some = list(pieces)
    return Folded("".join(e.text for e in some), tuple(p for e in some for p in e.places))


def _spaced(piece: Folded) -> Folded:
    """As a word of its own."""
    return Folded(f" {piece.text} ", (piece.places[0], *piece.places, piece.places[-1]))


def _han(folded: Folded) -> Iterator[Folded]:
    """Chinese without what stands between its characters; clauses stay apart, unless of one character
    each."""
    if not HAN.search(folded.text):
        return
    clauses: list[list[int]] = [[]]
    for index, char in enumerate(folded.text):
        if is_han(char):
            clauses[-1].append(index)
        elif char in CLAUSES and clauses[-1]:
            clauses.append([])
    merged: list[list[int]] = []
    single = False
    for clause in filter(None, clauses):
        if single and len(clause) == 1:
            merged[-1] += clause
        else:
            merged.append(list(clause))
        single = len(clause) == 1
    for clause in merged:
        text = "".join(folded.text[i] for i in clause)
        places = tuple(folded.places[i] for i in clause)
        yield Folded(text, places)
