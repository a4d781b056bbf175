"""A text in pieces between spaces, and how each of them may be read."""

import re
from collections.abc import Iterator

from studio.safety.folding import PIECE, Folded, joined
from studio.safety.spelling import LEET, OTHER_LEET, drawn

ENDS = ".,;:!?()\"'…。，；：！？、（）「」“”‘’-_[]{}<>~"
"""What may stand beside a word without being part of it."""
POSSESSIVE = re.compile("['’]s$")
LONGEST_SPELT = 10
"""Letters of a word in single letters."""


def pieces_of(folded: Folded) -> Iterator[Folded]:
    """What stands between spaces, without the signs around it."""
    for found in PIECE.finditer(folded.text):
        inner = POSSESSIVE.sub("", found.group().strip(ENDS))
        if inner:
            first = found.start() + found.group().index(inner)
            yield folded.part(first, first + len(inner))


def bare(piece: Folded) -> Folded:
    """Letters and digits alone: `s.h-i.t` is `shit`."""
    return piece if piece.text.isalnum() else _kept(piece, piece.text)


def readings(piece: Folded, plain: Folded) -> list[Folded]:
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
        places = (piece.places[0], *[piece.places[-1]] * (len(signs) - 1))
        made.append(_kept(Folded(signs, places), _leet(signs, LEET)))
    return [*{each.text: each for each in made if each.text and each.text != piece.text}.values()]


def _leet(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)


def _kept(piece: Folded, text: str) -> Folded:
    kept = [(char, place) for char, place in zip(text, piece.places, strict=True) if char.isalnum()]
    return Folded("".join(char for char, _ in kept), tuple(place for _, place in kept))


def spelt_apart(letters: list[Folded]) -> Iterator[Folded]:
    """Every word that letters apart may spell, stray ones before and after it."""
    for start in range(len(letters) - 2):
        for end in range(start + 3, min(start + LONGEST_SPELT, len(letters)) + 1):
            yield joined(letters[start:end])


def as_letter(piece: Folded) -> Folded:
    return Folded(_leet(piece.text, LEET), piece.places)
