"""The variants of a text in which entries are searched: as written, decoded, corrected, by sound."""

import re
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import chain

from studio.safety.chinese_segmentation import clauses, compose_components
from studio.safety.confusables import LETTER_SHAPES, UPSIDE_DOWN, UPSIDE_DOWN_ONLY
from studio.safety.corrections import WordCorrector
from studio.safety.decoding import find_encoded
from studio.safety.pinyin import HomophoneIndex
from studio.safety.spelling import (
    MAX_WILDCARD_CHARS,
    SHORT_WORDS,
    has_wildcard,
    wildcard_patterns,
)
from studio.safety.text_normalization import (
    HAN_RE,
    WORD_RE,
    NormalizedText,
    TextNormalizer,
    TextVariant,
    as_written,
    is_foreign_letter,
    join,
    padded,
    replacement_for,
    symbols,
)
from studio.safety.tokenization import (
    as_letter,
    only_alphanumeric,
    readings,
    spelled_out,
    tokenize,
)

NON_SPACE_RE = re.compile(r"\S+")
MAX_JOINED = 4
"""Adjacent tokens that are joined to one word."""
MAX_JOINED_CHARS = 14
MAX_FRAGMENT_CHARS = 5
"""Letters of a token that may be a part of a word rather than a word."""
MAX_CODE_DEPTH = 2
"""Levels of encoding within encoding."""


class VariantReader:
    """Makes the variants of a text.

    `complete` returns the entries that match a pattern with `?` for letters. `ordinary` are words that
    are never treated as evasions.
    """

    def __init__(
        self,
        normalizer: TextNormalizer,
        complete: Callable[[str], Iterable[str]],
        ordinary: Set[str],
        corrector: WordCorrector,
        homophones: HomophoneIndex,
    ) -> None:
        self._normalizer, self._complete, self._ordinary = normalizer, complete, ordinary
        self._corrector, self._homophones = corrector, homophones

    def search_variants(
        self, text: str, normalized: NormalizedText, depth: int = 0
    ) -> Iterator[TextVariant]:
        """The variants of a text; their source indices are positions in `text`.

        `depth` is the number of encodings around the text.
        """
        yield as_written(normalized)
        tokens = list(_readable_tokens(normalized))
        plain = [only_alphanumeric(token) for token in tokens]
        yield from _split_at_capitals(text, normalized)
        yield from self._deobfuscated(tokens, plain)
        yield from (padded(word) for word in self._join_adjacent(plain))
        if not depth:
            yield from self._corrector.variants(tokens, plain)
        yield from self._chinese(normalized)
        yield from self._mixed_scripts(text, tokens)
        yield from _emoji(normalized)
        if UPSIDE_DOWN_ONLY & set(text.lower()):
            yield _upside_down(text, normalized)
        if depth < MAX_CODE_DEPTH:
            yield from self._decoded(text, normalized, depth)

    def _deobfuscated(
        self, tokens: list[NormalizedText], plain_tokens: list[NormalizedText]
    ) -> Iterator[TextVariant]:
        """Tokens with signs in them: without the signs, with leet signs as letters, with
        wildcards."""
        for token, plain in zip(tokens, plain_tokens, strict=True):
            if token.text.isalpha():
                continue
            is_compound = self._corrector.is_compound(token.text)
            for reading in readings(token, plain):
                if not is_compound or reading.text != plain.text:
                    yield padded(reading)
            if has_wildcard(token.text) or plain.text not in self._ordinary:
                for pattern in wildcard_patterns(token.text):
                    yield from (replacement_for(token, word) for word in self._complete(pattern))

    def _mixed_scripts(self, text: str, tokens: list[NormalizedText]) -> Iterator[TextVariant]:
        """Entries that match a word with its letters of other scripts as wildcards."""
        for token in tokens:
            if text[token.source_indices[0] : token.source_indices[-1] + 1].isascii():
                continue
            letters = dict(zip(token.source_indices, token.text, strict=True))
            pattern = "".join(
                "?" if is_foreign_letter(text[index]) else char for index, char in letters.items()
            )
            is_length_ok = 4 <= len(pattern) <= MAX_WILDCARD_CHARS
            has_few_wildcards = 0 < pattern.count("?") <= len(pattern) / 2
            is_latin = pattern.isascii() and pattern.replace("?", "").isalpha()
            if is_length_ok and has_few_wildcards and is_latin:
                yield from (replacement_for(token, word) for word in self._complete(pattern))

    def _join_adjacent(self, tokens: list[NormalizedText]) -> Iterator[NormalizedText]:
        """Words that are written in parts, `f u c k` and `fu ck`: adjacent tokens, one of them a
        fragment."""
        is_fragment = [self._is_fragment(token.text) for token in tokens]
        index = 0
        while index < len(tokens):
            end = index
            while end < len(tokens) and len(tokens[end].text) == 1:
                end += 1
            if end - index >= 3:
                yield from spelled_out(tokens[index:end])
                if any(token.text.isdigit() for token in tokens[index:end]):
                    yield from spelled_out([as_letter(token) for token in tokens[index:end]])
                index = end
                continue
            if any(is_fragment[index : index + MAX_JOINED]):
                yield from self._joined_with_next(tokens[index : index + MAX_JOINED])
            index += 1

    def _joined_with_next(self, tokens: list[NormalizedText]) -> Iterator[NormalizedText]:
        """The first token with one, two or three of those after it."""
        for count in range(2, len(tokens) + 1):
            texts = [token.text for token in tokens[:count]]
            is_too_long = sum(map(len, texts)) > MAX_JOINED_CHARS
            if is_too_long or any(text in SHORT_WORDS for text in texts):
                return
            if any(map(self._is_fragment, texts)):
                yield join(tokens[:count])

    def _is_fragment(self, text: str) -> bool:
        """Whether a token is too short for a word, or short and not an ordinary word."""
        if len(text) <= 2 or not self._ordinary:
            return len(text) <= 2 and text not in SHORT_WORDS
        return len(text) <= MAX_FRAGMENT_CHARS and text.isascii() and text not in self._ordinary

    def _chinese(self, normalized: NormalizedText) -> Iterator[TextVariant]:
        if HAN_RE.search(normalized.text):
            yield from _letter_shapes(normalized)
            for clause in clauses(normalized):
                for reading in (clause, compose_components(clause)):
                    if reading is not None:
                        yield TextVariant(reading.text, reading.source_indices, is_han=True)
        yield from self._homophones.variants(normalized)

    def _decoded(self, text: str, normalized: NormalizedText, depth: int) -> Iterator[TextVariant]:
        """The variants of the encoded parts of a text."""
        for start, end, decoded in find_encoded(text):
            inner = self._normalizer.normalize(decoded)
            if inner.text:
                inside = [i for i in normalized.source_indices if start <= i < end] or [0]
                source = NormalizedText("", (inside[0], inside[-1]))
                for variant in self.search_variants(decoded, inner, depth + 1):
                    yield replacement_for(source, variant.text.strip())


def _readable_tokens(normalized: NormalizedText) -> Iterator[NormalizedText]:
    """The tokens with a letter, a digit or the sign for one."""
    for token in tokenize(normalized):
        if any(char.isalnum() or char == "@" for char in token.text):
            yield token


def _emoji(normalized: NormalizedText) -> Iterator[TextVariant]:
    emoji = "".join(symbols(normalized.text))
    if emoji:
        indices = tuple(index for char, index in zip(*normalized, strict=True) if char in emoji)
        yield TextVariant(emoji, indices)


def _letter_shapes(normalized: NormalizedText) -> Iterator[TextVariant]:
    """Tokens of Chinese characters that are used only for their resemblance to Latin letters."""
    for match in NON_SPACE_RE.finditer(normalized.text):
        letters = "".join(LETTER_SHAPES.get(char, char) for char in match.group())
        if letters.isascii() and len(letters) > 2:
            yield replacement_for(normalized.slice(*match.span()), letters)


def _split_at_capitals(text: str, normalized: NormalizedText) -> Iterator[TextVariant]:
    """`NudeGirl` as two words."""
    parts: list[str] = []
    indices: list[int] = []
    for char, index in zip(normalized.text, normalized.source_indices, strict=True):
        if indices and index and text[index].isupper() and text[index - 1].islower():
            parts.append(" ")
            indices.append(indices[-1])
        parts.append(char)
        indices.append(index)
    if len(parts) != len(normalized.text):
        yield as_written(NormalizedText("".join(parts), tuple(indices)))


def _upside_down(text: str, normalized: NormalizedText) -> TextVariant:
    """The text read backwards with its upside-down letters turned."""
    turned = "".join(UPSIDE_DOWN.get(char, char) for char in reversed(text.lower()))
    words = " ".join(chain.from_iterable(WORD_RE.findall(part) for part in turned.split()))
    indices = normalized.source_indices
    return replacement_for(NormalizedText("", (indices[0], indices[-1])), words)
