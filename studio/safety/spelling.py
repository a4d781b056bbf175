"""Evasive spellings of words: leet signs, wildcards, repeated letters, compounds, reversed words."""

import codecs
import re
from collections.abc import Callable, Container, Iterator, Set
from itertools import product

LEET_MAP = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "(": "c", "€": "e", "£": "l", "¥": "y", "¢": "c", "^": "a", "µ": "u", "&": "a"}  # fmt: skip
"""Letters by the digits and signs that replace them."""
ALTERNATIVE_LEET_MAP = LEET_MAP | {
    "1": "l",
    "!": "l",
    "|": "l",
    "6": "g",
    "2": "z",
    "7": "l",
    "<": "c",
}
"""The same with the second meaning of 1, !, |, 6 and 7."""
DRAWN_LETTERS = {
    "|\\/|": "m", "/\\/\\": "m", "\\/\\/": "w", "|\\|": "n", "/\\/": "n", "|-|": "h", "|_|": "u", "(_)": "u",
    "/\\": "a", "/-\\": "a", "\\/": "v", "|)": "d", "|>": "d", "|3": "b", "|<": "k", "|2": "r", "|*": "p", "|=": "f",
    "_|": "j", "|_": "l", "()": "o", "[]": "o", "><": "x", "vv": "w",
}  # fmt: skip
"""Letters by the several signs that draw them."""
_DRAWN_LETTERS = re.compile("|".join(map(re.escape, sorted(DRAWN_LETTERS, key=len, reverse=True))))
_REPEATED = re.compile(r"(.)\1+")
_WILDCARDS = frozenset("*#_^~%&?@$!+=•●■○□°×·…-.")
"""Signs that may replace any letter."""
_FINAL_WILDCARDS, _SEPARATORS = frozenset("*#"), frozenset("-.")
"""Wildcards that may end a word, and those that usually separate words."""
SHORT_WORDS = frozenset(("a", "an", "as", "at", "us", "is", "it", "in", "on", "of", "to", "so", "no", "my", "me", "we", "he", "she", "or", "by", "be", "do", "go", "if", "up", "am", "i", "the", "and", "for", "but", "his", "her", "hot", "big", "red"))  # fmt: skip
"""Common short words: never joined to their neighbors."""
MAX_WILDCARD_CHARS = 12
"""Length of a token that is searched with wildcards."""
MAX_WILDCARD_FRACTION = 2 / 3
MAX_REPEATED_RUNS = 3
"""Runs of repeated letters of which every combination is tried."""
MAX_COMPOUND_PART = 16
"""Letters of a word within a compound."""


def replace_drawn_letters(text: str) -> str:
    r"""The text with a letter in place of the signs that draw it: `|\|ude` becomes `nude`."""
    return _DRAWN_LETTERS.sub(lambda match: DRAWN_LETTERS[match.group()], text)


def collapse_repeats(word: str) -> Iterator[str]:
    """A word with each run of repeated letters as one or two: `naaked`, `pusssy`."""
    runs = [*_REPEATED.finditer(word)]
    if len(runs) > MAX_REPEATED_RUNS:
        yield _REPEATED.sub(r"\1", word)
        yield _REPEATED.sub(r"\1\1", word)
        return
    for lengths in product((1, 2), repeat=len(runs)):
        parts, position = [], 0
        for run, length in zip(runs, lengths, strict=True):
            parts += [word[position : run.start()], run.group(1) * length]
            position = run.end()
        collapsed = "".join(parts) + word[position:]
        if collapsed != word:
            yield collapsed


def split_compound(
    word: str, is_entry: Callable[[str], bool], companions: Container[str]
) -> list[str] | None:
    """A compound as entries and the companions joined to them: `hotnakedbabe` as hot, naked, babe.

    None if the word is no such compound, or has no entry in it.
    """
    best: dict[int, tuple[list[str], bool]] = {0: ([], False)}
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - MAX_COMPOUND_PART), end):
            if start not in best:
                continue
            part, (before, has_entry) = word[start:end], best[start]
            is_listed = len(part) > 2 and is_entry(part)
            if (is_listed or part in companions) and (
                end not in best or (is_listed and not best[end][1])
            ):
                best[end] = [*before, part], has_entry or is_listed
    parts, has_entry = best.get(len(word), ([], False))
    return parts if has_entry and len(parts) > 1 else None


def reversed_and_rot13(word: str) -> Iterator[str]:
    """The word read backwards, and decoded from ROT13."""
    yield word[::-1]
    yield codecs.encode(word, "rot13")


def wildcard_patterns(token: str) -> Iterator[str]:
    """The token with `?` for each wildcard (`n*de`), and also for the ambiguous leet signs
    (`n1pp1e`)."""
    text = token.strip("\"'“”‘’()[]{}<>,;:…")
    if not 3 <= len(text) <= MAX_WILDCARD_CHARS or not text.isascii() or not text[0].isalpha():
        return
    signs = _WILDCARDS & set(text)
    for ambiguous in ("", "1|67"):
        pattern = "".join(
            "?" if char in _WILDCARDS or char in ambiguous else LEET_MAP.get(char, char)
            for char in text
        )
        pattern = pattern if signs <= _FINAL_WILDCARDS else pattern.strip("?")
        if pattern.replace("?", "").isalpha() and _has_few_wildcards(pattern, signs):
            yield pattern


def _has_few_wildcards(pattern: str, signs: Set[str]) -> bool:
    """Whether a pattern has wildcards, and letters enough to be specific; `signs` are the
    token's."""
    count = pattern.count("?")
    if not 0 < count <= MAX_WILDCARD_FRACTION * len(pattern):
        return False
    if signs and signs <= _SEPARATORS and (len(pattern) < 4 or count > 2):
        return False
    return not (pattern.endswith("?") and len(pattern) - count < 3)


def has_wildcard(token: str) -> bool:
    """Whether a token has a sign that can only be a wildcard."""
    return bool(_WILDCARDS & set(token) - _SEPARATORS - LEET_MAP.keys())
