"""Texts that are written in a code: HTML entities, percent and backslash escapes, base64, hexadecimal,
binary, numbers of characters, places in the alphabet, Morse. What does not decode to plain letters stays what it is."""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


def _bytes(digits: str, base: int, width: int) -> str:
    return bytes(int(digits[i : i + width], base) for i in range(0, len(digits), width)).decode()


def _base64(said: str) -> str:
    whole = said.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(whole + "=" * (-len(whole) % 4), validate=True).decode()


_ESCAPES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,10});"), html.unescape),
    (re.compile(r"(?:%[0-9a-fA-F]{2})+"), lambda said: bytes.fromhex(said.replace("%", "")).decode()),
    (re.compile(r"(?:\\x[0-9a-fA-F]{2})+"), lambda said: bytes.fromhex(said.replace("\\x", "")).decode()),
    (re.compile(r"\\u\{?[0-9a-fA-F]{4,6}\}?|[uU]\+[0-9a-fA-F]{4,5}"), lambda said: chr(int(said.strip("\\uU+{}"), 16))),
)  # fmt: skip
_MORSE = {
    ".-": "a", "-...": "b", "-.-.": "c", "-..": "d", ".": "e", "..-.": "f", "--.": "g", "....": "h",
    "..": "i", ".---": "j", "-.-": "k", ".-..": "l", "--": "m", "-.": "n", "---": "o", ".--.": "p",
    "--.-": "q", ".-.": "r", "...": "s", "-": "t", "..-": "u", "...-": "v", ".--": "w", "-..-": "x",
    "-.--": "y", "--..": "z", "/": " ", "|": " ",
}  # fmt: skip
_RUNS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"(?<![0-9a-zA-Z])(?:0x)?[0-9a-fA-F]{2}(?:[ ,]{0,2}(?:0x)?[0-9a-fA-F]{2}){2,199}(?![0-9a-zA-Z])"), lambda said: _bytes(re.sub(r"0x|[ ,]", "", said), 16, 2)),
    (re.compile(r"(?<!\d)[01]{8}(?:[ ,]{0,2}[01]{8}){2,99}(?!\d)"), lambda said: _bytes(re.sub(r"[ ,]", "", said), 2, 8)),
    (re.compile(r"(?<!\d)\d{2,3}(?:[ ,]{1,2}\d{2,3}){2,99}(?!\d)"), lambda said: "".join(chr(int(n)) for n in re.findall(r"\d+", said))),
    (re.compile(r"(?<!\d)\d{1,2}(?:[ ,-]{1,2}\d{1,2}){2,99}(?!\d)"), lambda said: "".join(chr(96 + int(n)) for n in re.findall(r"\d+", said))),
    (re.compile(r"(?<!\S)[.-]{1,4}(?: {1,2}(?:[.-]{1,4}|[/|])){2,99}(?!\S)"), lambda said: "".join(_MORSE[each] for each in said.split())),
    (re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{6,400}={0,2}(?![0-9A-Za-z+/_=-])"), _base64),
)  # fmt: skip
_READABLE = re.compile(r"[^\W_](?:[^\W_]|[ .,!'_-]){2,}")


class Unescaped(NamedTuple):
    """A text with its escapes resolved, for each character the place it comes from, and where the
    escapes end that begin at a place."""

    text: str
    source_indices: tuple[int, ...]
    ends: dict[int, int]


def unescaped(text: str) -> Unescaped | None:
    """None for a text without escapes."""
    if not any(sign in text for sign in "&%\\+"):
        return None
    found = sorted(
        (match.start(), match.end(), meant)
        for pattern, decode in _ESCAPES
        for match in pattern.finditer(text)
        if (meant := _tried(decode, match.group())) is not None
    )
    if not found:
        return None
    read, places, at = [], [], 0
    for start, end, meant in found:
        if start < at:
            continue
        read += [text[at:start], meant]
        places += [*range(at, start), *(start for _ in meant)]
        at = end
    read.append(text[at:])
    places += range(at, len(text))
    return Unescaped("".join(read), tuple(places), {start: end for start, end, _ in found})


def decoded(text: str) -> Iterator[tuple[int, int, str]]:
    """What is written in a code as a whole: from where to where, and what it says."""
    for pattern, decode in _RUNS:
        for match in pattern.finditer(text):
            meant = _tried(decode, match.group())
            if meant is not None and _READABLE.fullmatch(meant):
                yield match.start(), match.end(), meant


def _tried(decode: Callable[[str], str], said: str) -> str | None:
    try:
        meant = decode(said)
    except (ValueError, KeyError, OverflowError, binascii.Error):
        return None
    return None if meant == said else meant
