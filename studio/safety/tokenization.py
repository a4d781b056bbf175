"""Tokens: the parts of a text between spaces, and how each may be read."""

import re
from collections.abc import Iterator

from studio.safety.spelling import ALTERNATIVE_LEET_MAP, LEET_MAP, replace_drawn_letters
from studio.safety.text_normalization import TOKEN_RE, NormalizedText, join

EDGE_SIGNS = ".,;:!?()\"'…。，；：！？、（）「」“”‘’-_[]{}<>~"
"""Punctuation that may stand beside a word without being part of it."""
POSSESSIVE_RE = re.compile("['’]s$")
MAX_SPELLED_CHARS = 10
"""Letters of a word that is written in single letters."""


def tokenize(text: NormalizedText) -> Iterator[NormalizedText]:
    """The tokens without the punctuation around them."""
    for match in TOKEN_RE.finditer(text.text):
        inner = POSSESSIVE_RE.sub("", match.group().strip(EDGE_SIGNS))
        if inner:
            start = match.start() + match.group().index(inner)
            yield text.slice(start, start + len(inner))


def only_alphanumeric(token: NormalizedText) -> NormalizedText:
    """The letters and digits of a token: `s.h-i.t` becomes `shit`."""
    return token if token.text.isalnum() else _alphanumeric(token, token.text)


def readings(token: NormalizedText, plain: NormalizedText) -> list[NormalizedText]:
    """The token without signs (`plain`), and with letters in place of leet signs; without
    duplicates."""
    if not ("@" in token.text or any(map(str.isalpha, token.text))):
        return [] if plain is token else [plain]
    candidates = [
        plain,
        _alphanumeric(token, _deleet(token.text, LEET_MAP)),
        _alphanumeric(token, _deleet(token.text, ALTERNATIVE_LEET_MAP)),
    ]
    replaced = replace_drawn_letters(token.text)
    if replaced != token.text:
        indices = (token.source_indices[0], *[token.source_indices[-1]] * (len(replaced) - 1))
        candidates.append(
            _alphanumeric(NormalizedText(replaced, indices), _deleet(replaced, LEET_MAP))
        )
    distinct = {reading.text: reading for reading in candidates}
    return [reading for reading in distinct.values() if reading.text and reading.text != token.text]


def spelled_out(letters: list[NormalizedText]) -> Iterator[NormalizedText]:
    """Every word that single letters may spell, without stray letters before and after it."""
    for start in range(len(letters) - 2):
        for end in range(start + 3, min(start + MAX_SPELLED_CHARS, len(letters)) + 1):
            yield join(letters[start:end])


def as_letter(token: NormalizedText) -> NormalizedText:
    """A token of one digit as the letter it stands for."""
    return NormalizedText(_deleet(token.text, LEET_MAP), token.source_indices)


def _deleet(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)


def _alphanumeric(token: NormalizedText, text: str) -> NormalizedText:
    """The letters and digits of `text`, which has a character for each of the token's."""
    pairs = [
        (char, index)
        for char, index in zip(text, token.source_indices, strict=True)
        if char.isalnum()
    ]
    return NormalizedText("".join(char for char, _ in pairs), tuple(index for _, index in pairs))
