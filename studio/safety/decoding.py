"""Decoding of encoded texts. Whatever does not decode to letters is left unchanged.

HTML entities, percent and backslash escapes, base64, hexadecimal, binary, character codes, positions
in the alphabet, Morse.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


def _bytes(digits: str, base: int, width: int) -> str:
    return bytes(int(digits[i : i + width], base) for i in range(0, len(digits), width)).decode()


def _base64(text: str) -> str:
    unpadded = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True).decode()


_ESCAPES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,10});"), html.unescape),
    (
        re.compile(r"(?:%[0-9a-fA-F]{2})+"),
        lambda text: bytes.fromhex(text.replace("%", "")).decode(),
    ),
    (
        re.compile(r"(?:\\x[0-9a-fA-F]{2})+"),
        lambda text: bytes.fromhex(text.replace("\\x", "")).decode(),
    ),
    (
        re.compile(r"\\u\{?[0-9a-fA-F]{4,6}\}?|[uU]\+[0-9a-fA-F]{4,5}"),
        lambda text: chr(int(text.strip("\\uU+{}"), 16)),
    ),
)
_MORSE = {
    ".-": "a", "-...": "b", "-.-.": "c", "-..": "d", ".": "e", "..-.": "f", "--.": "g", "....": "h",
    "..": "i", ".---": "j", "-.-": "k", ".-..": "l", "--": "m", "-.": "n", "---": "o", ".--.": "p",
    "--.-": "q", ".-.": "r", "...": "s", "-": "t", "..-": "u", "...-": "v", ".--": "w", "-..-": "x",
    "-.--": "y", "--..": "z", "/": " ", "|": " ",
}  # fmt: skip
_RUNS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (
        re.compile(
            r"(?<![0-9a-zA-Z])(?:0x)?[0-9a-fA-F]{2}(?:[ ,]{0,2}(?:0x)?[0-9a-fA-F]{2}){2,199}(?![0-9a-zA-Z])"
        ),
        lambda text: _bytes(re.sub(r"0x|[ ,]", "", text), 16, 2),
    ),
    (
        re.compile(r"(?<!\d)[01]{8}(?:[ ,]{0,2}[01]{8}){2,99}(?!\d)"),
        lambda text: _bytes(re.sub(r"[ ,]", "", text), 2, 8),
    ),
    (
        re.compile(r"(?<!\d)\d{2,3}(?:[ ,]{1,2}\d{2,3}){2,99}(?!\d)"),
        lambda text: "".join(chr(int(n)) for n in re.findall(r"\d+", text)),
    ),
    (
        re.compile(r"(?<!\d)\d{1,2}(?:[ ,-]{1,2}\d{1,2}){2,99}(?!\d)"),
        lambda text: "".join(chr(96 + int(n)) for n in re.findall(r"\d+", text)),
    ),
    (
        re.compile(r"(?<!\S)[.-]{1,4}(?: {1,2}(?:[.-]{1,4}|[/|])){2,99}(?!\S)"),
        lambda text: "".join(_MORSE[code] for code in text.split()),
    ),
    (re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{6,400}={0,2}(?![0-9A-Za-z+/_=-])"), _base64),
)
_READABLE = re.compile(r"[^\W_](?:[^\W_]|[ .,!'_-]){2,}")


class Unescaped(NamedTuple):
    """A text without escapes; `source_indices` are the positions of its characters in the original,
    and `ends` the end of each escape by its start."""

    text: str
    source_indices: tuple[int, ...]
    ends: dict[int, int]


def unescape(text: str) -> Unescaped | None:
    """The text with its escapes replaced; None if it has none."""
    if not any(sign in text for sign in "&%\\+"):
        return None
    escapes = sorted(
        (match.start(), match.end(), value)
        for pattern, decode in _ESCAPES
        for match in pattern.finditer(text)
        if (value := _try_decode(decode, match.group())) is not None
    )
    if not escapes:
        return None
    parts, indices, position = [], [], 0
    for start, end, value in escapes:
        if start < position:
            continue
        parts += [text[position:start], value]
        indices += [*range(position, start), *(start for _ in value)]
        position = end
    parts.append(text[position:])
    indices += range(position, len(text))
    return Unescaped("".join(parts), tuple(indices), {start: end for start, end, _ in escapes})


def find_encoded(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and decoded text of each encoded run."""
    for pattern, decode in _RUNS:
        for match in pattern.finditer(text):
            value = _try_decode(decode, match.group())
            if value is not None and _READABLE.fullmatch(value):
                yield match.start(), match.end(), value


def _try_decode(decode: Callable[[str], str], text: str) -> str | None:
    """The decoded text; None if it cannot be decoded or does not change."""
    try:
        value = decode(text)
    except (ValueError, KeyError, OverflowError, binascii.Error):
        return None
    return None if value == text else value
