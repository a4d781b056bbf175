"""Text normalization for the word filter: each character in its simplest form."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.safety.confusables import (
    FILLERS,
    HAN_VARIANTS,
    LETTER_CONFUSABLES,
    SIGN_CONFUSABLES,
    letter_by_name,
)

_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
HAN_RE = re.compile(f"[{_HAN}]")
WORD_RE = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+")
"""Chinese characters, or letters and digits of other scripts."""
TOKEN_RE = re.compile(f"[^\\s{_HAN}]+")
"""What stands between spaces and Chinese characters."""
INVISIBLE_CATEGORIES = ("Mn", "Me", "Cf", "Cc")
"""Unicode categories of invisible characters: combining marks, joiners, text directions."""


class NormalizedText(NamedTuple):
    """Normalized characters; `source_indices` are their positions in the original text."""

    text: str
    source_indices: tuple[int, ...]

    def slice(self, start: int, end: int) -> "NormalizedText":
        return NormalizedText(self.text[start:end], self.source_indices[start:end])


class TextVariant(NamedTuple):
    """One reading of a text, in which the entries are searched; words are separated by single
    spaces.

    If `is_replacement`, a match covers all of the variant's source: a word that was corrected or
    decoded has no position for each letter. If `is_han`, the variant has only Chinese characters,
    and entries are matched at word boundaries.
    """

    text: str
    source_indices: tuple[int, ...]
    is_replacement: bool = False
    is_han: bool = False


class TextNormalizer:
    """Reduces characters to their simplest form.

    Lower case, narrow, without accents; simplified Chinese without variant characters; Latin
    letters in place of letters of other scripts and signs that look like them. Results are cached
    by character.
    """

    def __init__(self) -> None:
        from confusable_homoglyphs import confusables
        from opencc import OpenCC

        self._simplified = OpenCC("t2s")
        self._confusables = {
            char: latin["c"].lower()
            for char, homoglyphs in confusables.confusables_data.items()
            if not char.isascii()
            for latin in homoglyphs
            if len(latin["c"]) == 1 and latin["c"].isascii() and latin["c"].isalpha()
        }
        self._cache: dict[str, str] = {}

    def normalize(self, text: str) -> NormalizedText:
        cache = self._cache
        normalized, indices = [], []
        for index, char in enumerate(text):
            simple = cache.get(char)
            if simple is None:
                simple = cache.setdefault(char, self._simplify(char))
            for letter in simple:
                normalized.append(letter)
                indices.append(index)
        return NormalizedText("".join(normalized), tuple(indices))

    def _simplify(self, char: str) -> str:
        """No character for an invisible one; a space for any kind of space."""
        if char.isascii():
            return char.lower()
        if char in FILLERS:
            return ""
        lookalike = (
            SIGN_CONFUSABLES.get(char)
            or LETTER_CONFUSABLES.get(char.lower())
            or letter_by_name(char)
        )
        if lookalike:
            return lookalike
        composed = unicodedata.normalize("NFKC", char)
        decomposed = unicodedata.normalize("NFD", composed.casefold())
        visible = [c for c in decomposed if unicodedata.category(c) not in INVISIBLE_CATEGORIES]
        return "".join(map(self._letter, visible)).lower()

    def _letter(self, char: str) -> str:
        if char.isascii():
            return char
        if is_han(char):
            simplified: str = self._simplified.convert(char)
            return HAN_VARIANTS.get(simplified, simplified)
        return (
            LETTER_CONFUSABLES.get(char)
            or self._confusables.get(char)
            or letter_by_name(char)
            or char
        )


def is_han(char: str) -> bool:
    return HAN_RE.match(char) is not None


def is_foreign_letter(char: str) -> bool:
    """Whether a letter is neither Latin, with or without accents, nor Chinese."""
    first = unicodedata.normalize("NFKD", char)[:1]
    return first.isalpha() and not first.isascii() and not is_han(first)


def symbols(text: str) -> Iterator[str]:
    """Emoji and other symbols, without the characters that change their color."""
    return (char for char in text if unicodedata.category(char) == "So")


def padded(token: NormalizedText) -> TextVariant:
    """The token as a word by itself, between spaces."""
    indices = (token.source_indices[0], *token.source_indices, token.source_indices[-1])
    return TextVariant(f" {token.text} ", indices)


def replacement_for(token: NormalizedText, text: str) -> TextVariant:
    """Other words in place of a token."""
    first, last = min(token.source_indices), max(token.source_indices)
    return TextVariant(f" {text} ", (first,) * (len(text) + 1) + (last,), is_replacement=True)


def join(tokens: Sequence[NormalizedText]) -> NormalizedText:
    """The tokens as one, without spaces."""
    indices = tuple(index for token in tokens for index in token.source_indices)
    return NormalizedText("".join(token.text for token in tokens), indices)


def as_written(text: NormalizedText) -> TextVariant:
    """The words of a text, with one space for everything that is neither letter nor digit."""
    parts, indices = [" "], [0]
    for word in WORD_RE.finditer(text.text):
        start, end = word.span()
        parts += word.group(), " "
        indices += text.source_indices[start:end]
        indices.append(indices[-1])
    return TextVariant("".join(parts), tuple(indices))
