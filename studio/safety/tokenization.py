"""A text in pieces between spaces, and how each of them may be read."""

import re
from collections.abc import Iterator

from studio.safety.spelling import LEET, OTHER_LEET, drawn
from studio.safety.text_normalization import PIECE, NormalizedText, joined

ENDS = ".,;:!?()\"'…。，；：！？、（）「」“”‘’-_[]{}<>~"
"""What may stand beside a word without being part of it."""
POSSESSIVE = re.compile("['’]s$")
LONGEST_SPELT = 10
"""Letters of a word in single letters."""


def pieces_of(folded: NormalizedText) -> Iterator[NormalizedText]:
    """What stands between spaces, without the signs around it."""
    for found in PIECE.finditer(folded.text):
        inner = POSSESSIVE.sub("", found.group().strip(ENDS))
        if inner:
            first = found.start() + found.group().index(inner)
            yield folded.part(first, first + len(inner))


def bare(piece: NormalizedText) -> NormalizedText:
    """Letters and digits alone: `s.h-i.t` is `shit`."""
    return piece if piece.text.isalnum() else _kept(piece, piece.text)


def readings(piece: NormalizedText, plain: NormalizedText) -> list[NormalizedText]:
    """As it is meant where signs stand for letters, and without signs (`plain`)."""
    if not ("@" in piece.text or any(map(str.isalpha, piece.text))):
        return [] if plain is piece else [plain]
    made = [
        plain,
        _kept(piece, _leet(piece.text, LEET)),
        _kept(piece, _leet(piece.text, OTHER_LEET)),
    ]
    signs = drawn(piece.text)
    if signs != piece.text:
        places = (piece.source_indices[0], *[piece.source_indices[-1]] * (len(signs) - 1))
        made.append(_kept(NormalizedText(signs, places), _leet(signs, LEET)))
    return [*{each.text: each for each in made if each.text and each.text != piece.text}.values()]


def _leet(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)


def _kept(piece: NormalizedText, text: str) -> NormalizedText:
    kept = [
        (char, place)
        for char, place in zip(text, piece.source_indices, strict=True)
        if char.isalnum()
    ]
    return NormalizedText("".join(char for char, _ in kept), tuple(place for _, place in kept))


def spelt_apart(letters: list[NormalizedText]) -> Iterator[NormalizedText]:
    """Every word that letters apart may spell, stray ones before and after it."""
    for start in range(len(letters) - 2):
        for end in range(start + 3, min(start + LONGEST_SPELT, len(letters)) + 1):
            yield joined(letters[start:end])


def as_letter(piece: NormalizedText) -> NormalizedText:
    return NormalizedText(_leet(piece.text, LEET), piece.source_indices)
