"""Every way in which a text is read."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Set
from itertools import chain

from studio.safety.chinese_segmentation import clauses, composed
from studio.safety.confusables import FACES, TELLTALE, TURNED
from studio.safety.decoding import decoded
from studio.safety.pinyin import Heard
from studio.safety.spelling import (
    LONGEST_WILD,
    Misspelt,
    left_open,
    turned_round,
    undoubled,
    unglued,
    wild,
)
from studio.safety.text_normalization import (
    HAN,
    WORD,
    NormalizedText,
    TextNormalizer,
    View,
    foreign,
    joined,
    plain_words,
    spaced,
    standing_for,
    symbols,
)
from studio.safety.tokenization import as_letter, bare, pieces_of, readings, spelt_apart

RUN = re.compile(r"\S+")
SHORT = frozenset(("a", "an", "as", "at", "us", "is", "it", "in", "on", "of", "to", "so", "no", "my", "me", "we", "he", "she", "or", "by", "be", "do", "go", "if", "up", "am", "i", "the", "and", "for", "but", "his", "her", "hot", "big", "red"))  # fmt: skip
"""Words that stand beside others in earnest: never glued to them."""
MOST_GLUED, LONGEST_GLUED, LONGEST_PART = 4, 14, 5
"""Neighbours that are glued, the letters of what comes of it, and of a part that is no word."""
DEEPEST = 2
"""Codes within codes."""


class Reader:
    """Reads texts for lists: `known` tells whether a word is an entry, `completed` which entries a word
    with question marks may be, `ordinary` are the words that are never taken for others, `companions` those
    that are glued to entries."""

    def __init__(
        self,
        folder: TextNormalizer,
        known: Callable[[str], bool],
        completed: Callable[[str], Iterable[str]],
        ordinary: Set[str],
        companions: Container[str],
        misspelt: Misspelt,
        heard: Heard,
    ) -> None:
        self._normalizer, self._vocabulary, self._completed = folder, known, completed
        self._ordinary, self._companions = ordinary, companions
        self._misspelt, self._homophones = misspelt, heard

    def views(self, text: str, folded: NormalizedText, depth: int = 0) -> Iterator[View]:
        """Of a text and the same folded; its places are those of `folded`."""
        yield plain_words(folded)
        pieces = [
            piece
            for piece in pieces_of(folded)
            if any(char.isalnum() or char == "@" for char in piece.text)
        ]
        bared = [bare(piece) for piece in pieces]
        yield from _split_at_capitals(text, folded)
        yield from self._decorated(pieces, bared)
        yield from (spaced(each) for each in self._neighbours(bared))
        if not depth:
            yield from self._unknown(pieces, bared)
        yield from self._chinese(folded)
        yield from self._foreign(text, pieces)
        drawn_signs = "".join(symbols(folded.text))
        if drawn_signs:
            yield View(
                drawn_signs,
                tuple(place for char, place in zip(*folded, strict=True) if char in drawn_signs),
            )
        if TELLTALE & set(text.lower()):
            yield _upside_down(text, folded)
        if depth < DEEPEST:
            yield from self._decoded(text, folded, depth)

    def _decorated(
        self, pieces: list[NormalizedText], bared: list[NormalizedText]
    ) -> Iterator[View]:
        for piece, plain in zip(pieces, bared, strict=True):
            if piece.text.isalpha():
                continue
            joined_words = self._is_several(piece.text)
            for each in readings(piece, plain):
                if not joined_words or each.text != plain.text:
                    yield spaced(each)
            if left_open(piece.text) or plain.text not in self._ordinary:
                for pattern in wild(piece.text):
                    yield from (standing_for(word, piece) for word in self._completed(pattern))

    def _foreign(self, text: str, pieces: list[NormalizedText]) -> Iterator[View]:
        """What a word may be in which letters of other scripts are mixed, whatever those look like."""
        for piece in pieces:
            if text[piece.source_indices[0] : piece.source_indices[-1] + 1].isascii():
                continue
            letters = dict(zip(piece.source_indices, piece.text, strict=True))
            said = "".join("?" if foreign(text[at]) else char for at, char in letters.items())
            few = 4 <= len(said) <= LONGEST_WILD and 0 < said.count("?") <= len(said) / 2
            if few and said.isascii() and said.replace("?", "").isalpha():
                yield from (standing_for(word, piece) for word in self._completed(said))

    def _unknown(self, pieces: list[NormalizedText], bared: list[NormalizedText]) -> Iterator[View]:
        """What else the words may be that are no English ones."""
        for piece, plain in zip(pieces, bared, strict=True):
            read = [plain] if piece.text.isalpha() else [plain, *readings(piece, plain)]
            for word in dict.fromkeys(reading.text for reading in read):
                if len(word) > 2 and not self._is_ordinary(word, piece.text):
                    yield from (standing_for(other, piece) for other in self._meant(word))

    def _is_ordinary(self, word: str, written: str) -> bool:
        """Whether it is a word, or was written as several with signs between them."""
        return word in self._ordinary or self._is_several(written, short=True)

    def _is_several(self, written: str, short: bool = False) -> bool:
        """Whether a piece is words with signs between them, `rifle-green`; `short` ones count, too."""
        parts = WORD.findall(written)
        return len(parts) > 1 and all(
            part in self._ordinary or (short and part in SHORT) for part in parts
        )

    def _meant(self, word: str) -> Iterator[str]:
        if not word.isascii():
            return
        letters = word.strip("0123456789")
        if len(letters) >= 3 and letters != word:
            yield letters
        if not letters.isalpha() or letters in self._ordinary or self._vocabulary(letters):
            return
        for other in dict.fromkeys((letters, *undoubled(letters))):
            if other in self._ordinary and not self._vocabulary(other):
                continue
            if other != letters:
                yield other
            meant = self._misspelt.meant(other)
            if meant:
                yield meant
            parts = unglued(other, self._vocabulary, self._companions) if len(other) >= 5 else None
            if parts:
                yield " ".join(parts)
        yield from (
            other for other in turned_round(letters) if len(other) > 3 and self._vocabulary(other)
        )

    def _neighbours(self, pieces: list[NormalizedText]) -> Iterator[NormalizedText]:
        """Words in parts, `f u c k` and `fu ck`: neighbours glued, where one is no word."""
        loose = [self._loose(piece.text) for piece in pieces]
        index = 0
        while index < len(pieces):
            run = index
            while run < len(pieces) and len(pieces[run].text) == 1:
                run += 1
            if run - index >= 3:
                yield from spelt_apart(pieces[index:run])
                if any(piece.text.isdigit() for piece in pieces[index:run]):
                    yield from spelt_apart([as_letter(piece) for piece in pieces[index:run]])
                index = run
                continue
            if any(loose[index : index + MOST_GLUED]):
                yield from self._glued(pieces[index : index + MOST_GLUED])
            index += 1

    def _glued(self, pieces: list[NormalizedText]) -> Iterator[NormalizedText]:
        """The first of these with one, two or three of those after it."""
        for count in range(2, len(pieces) + 1):
            some = pieces[:count]
            texts = [each.text for each in some]
            if any(text in SHORT for text in texts) or sum(map(len, texts)) > LONGEST_GLUED:
                return
            if any(map(self._loose, texts)):
                yield joined(some)

    def _loose(self, text: str) -> bool:
        """Whether it is too short for a word, or none, as far as words are known."""
        if len(text) <= 2 or not self._ordinary:
            return len(text) <= 2 and text not in SHORT
        return len(text) <= LONGEST_PART and text.isascii() and text not in self._ordinary

    def _chinese(self, folded: NormalizedText) -> Iterator[View]:
        if HAN.search(folded.text):
            yield from _faces(folded)
            for clause in clauses(folded):
                for each in (clause, composed(clause)):
                    if each is not None:
                        yield View(each.text, each.source_indices, han=True)
        yield from self._homophones.views(folded)

    def _decoded(self, text: str, folded: NormalizedText, depth: int) -> Iterator[View]:
        """What is said in a code, read in its turn."""
        for start, end, meant in decoded(text):
            inner = self._normalizer.normalize(meant)
            if inner.text:
                held = [place for place in folded.source_indices if start <= place < end] or [0]
                for view in self.views(meant, inner, depth + 1):
                    yield standing_for(view.text.strip(), NormalizedText("", (held[0], held[-1])))


def _faces(folded: NormalizedText) -> Iterator[View]:
    """Chinese characters that are nothing but pictures of Latin letters."""
    for found in RUN.finditer(folded.text):
        faces = "".join(FACES.get(char, char) for char in found.group())
        if faces.isascii() and len(faces) > 2:
            yield standing_for(faces, folded.part(*found.span()))


def _split_at_capitals(text: str, folded: NormalizedText) -> Iterator[View]:
    """`NudeGirl` as two words."""
    parts: list[str] = []
    places: list[int] = []
    for char, place in zip(folded.text, folded.source_indices, strict=True):
        if places and place and text[place].isupper() and text[place - 1].islower():
            parts.append(" ")
            places.append(places[-1])
        parts.append(char)
        places.append(place)
    if len(parts) != len(folded.text):
        yield plain_words(NormalizedText("".join(parts), tuple(places)))


def _upside_down(text: str, folded: NormalizedText) -> View:
    turned = "".join(TURNED.get(char, char) for char in reversed(text.lower()))
    words = " ".join(chain.from_iterable(WORD.findall(part) for part in turned.split()))
    return standing_for(
        words, NormalizedText("", (folded.source_indices[0], folded.source_indices[-1]))
    )
