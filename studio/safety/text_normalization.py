"""Texts as a word filter reads them: each character in its plainest form, and where it stood."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.safety.confusables import FILLERS, HAN_VARIANTS, LETTERS, SIGNS, letter_by_name

_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
HAN = re.compile(f"[{_HAN}]")
WORD = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+")
"""Chinese characters, or letters and digits of other scripts."""
PIECE = re.compile(f"[^\\s{_HAN}]+")
"""What stands between spaces and Chinese characters."""
UNSEEN = ("Mn", "Me", "Cf", "Cc")
"""Categories of what is not seen: marks on letters, joiners, directions."""


class NormalizedText(NamedTuple):
    """Characters, and for each the place in the original that it comes from."""

    text: str
    source_indices: tuple[int, ...]

    def part(self, start: int, end: int) -> "NormalizedText":
        return NormalizedText(self.text[start:end], self.source_indices[start:end])


class View(NamedTuple):
    """One way to read a text. In a `whole` view a match stands for all of it: a word that was
    corrected or decoded has no place for each of its letters. In a `han` view, which holds Chinese
    characters only, entries are matched by the boundaries of words."""

    text: str
    source_indices: tuple[int, ...]
    whole: bool = False
    han: bool = False


class TextNormalizer:
    """Brings characters to their plainest form: case, width, accents, traditional Chinese and variants
    of characters, letters of other scripts and signs that look like Latin letters. Remembers what it
    has met."""

    def __init__(self) -> None:
        from confusable_homoglyphs import confusables
        from opencc import OpenCC

        self._simplified = OpenCC("t2s")
        self._confusables = {
            char: alike["c"].lower()
            for char, looks in confusables.confusables_data.items()
            if not char.isascii()
            for alike in looks
            if len(alike["c"]) == 1 and alike["c"].isascii() and alike["c"].isalpha()
        }
        self._met: dict[str, str] = {}

    def normalize(self, text: str) -> NormalizedText:
        met = self._met
        folded, places = [], []
        for place, char in enumerate(text):
            plain = met.get(char)
            if plain is None:
                plain = met.setdefault(char, self._plain(char))
            for each in plain:
                folded.append(each)
                places.append(place)
        return NormalizedText("".join(folded), tuple(places))

    def _plain(self, char: str) -> str:
        """Empty for what is not seen, and a space for blanks of all kinds."""
        if char.isascii():
            return char.lower()
        if char in FILLERS:
            return ""
        drawn = SIGNS.get(char) or LETTERS.get(char.lower()) or letter_by_name(char)
        if drawn:
            return drawn
        wide = unicodedata.normalize("NFKC", char)
        split = unicodedata.normalize("NFD", wide.casefold())
        seen = [each for each in split if unicodedata.category(each) not in UNSEEN]
        return "".join(self._letter(each) for each in seen).lower()

    def _letter(self, char: str) -> str:
        if char.isascii():
            return char
        if is_han(char):
            simplified: str = self._simplified.convert(char)
            return HAN_VARIANTS.get(simplified, simplified)
        return LETTERS.get(char) or self._confusables.get(char) or letter_by_name(char) or char


def is_han(char: str) -> bool:
    return HAN.match(char) is not None


def foreign(char: str) -> bool:
    """Whether a letter is neither Latin, accents or not, nor Chinese."""
    first = unicodedata.normalize("NFKD", char)[:1]
    return first.isalpha() and not first.isascii() and not is_han(first)


def symbols(text: str) -> Iterator[str]:
    """Emoji and the like, without what changes their colour."""
    return (char for char in text if unicodedata.category(char) == "So")


def spaced(piece: NormalizedText, whole: bool = False) -> View:
    """As a word of its own."""
    places = (piece.source_indices[0], *piece.source_indices, piece.source_indices[-1])
    return View(f" {piece.text} ", places, whole)


def standing_for(text: str, piece: NormalizedText) -> View:
    """Other words in the place of a piece."""
    first, last = min(piece.source_indices), max(piece.source_indices)
    return View(f" {text} ", (first,) * (len(text) + 1) + (last,), whole=True)


def joined(pieces: Sequence[NormalizedText]) -> NormalizedText:
    return NormalizedText(
        "".join(e.text for e in pieces), tuple(p for e in pieces for p in e.source_indices)
    )


def plain_words(folded: NormalizedText) -> View:
    """As it is written; whatever is neither letter nor digit is one space."""
    text, places = [" "], [0]
    for found in WORD.finditer(folded.text):
        start, end = found.span()
        text += found.group(), " "
        places += folded.source_indices[start:end]
        places.append(places[-1])
    return View("".join(text), tuple(places))
