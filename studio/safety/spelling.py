"""Evasive spellings of words.

Leet signs, wildcards, repeated letters, compounds, reversed words, ROT13, and misspellings by sound or
by one wrong letter.
"""

import codecs
import re
from collections.abc import Callable, Container, Iterable, Iterator, Set
from itertools import combinations, product
from string import ascii_lowercase

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
MAX_WILDCARD_CHARS = 12
"""Length of a token that is searched with wildcards."""
MAX_WILDCARD_FRACTION = 2 / 3
MAX_REPEATED_RUNS = 3
"""Runs of repeated letters of which every combination is tried."""
MAX_COMPOUND_PART = 16
"""Letters of a word within a compound."""
MAX_MISSPELLED_CHARS = 14
MAX_LENGTH_DIFFERENCE = 2
"""By how many letters a misspelling by sound may be longer or shorter than the word."""
MIN_EDITED_CHARS = 5
"""Letters of a word that is also found with one wrong letter."""


def replace_drawn_letters(text: str) -> str:
    """The text with a letter in place of the signs that draw it: `|\\|ude` becomes `nude`."""
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


_SPELLING_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"), ("^kn", "n"), ("^wr", "r"), ("^wh(?=o)", "h"), ("tz", "ts"), ("tch", "ch"), ("[ao][uw](?=[^aeiouw])", "o"), ("(?<=[^aeiou])le(?=s?$)", "el"), ("x", "ks"), ("qu?", "k"), ("sch", "sh"),
        ("c?k", "k"), ("c(?=[eiy])", "s"), ("c(?!h)", "k"), ("z", "s"), ("s[aeiou]m(?=s?$)", "sm"), ("dg|g(?=[eiy])", "j"),
        ("(?<=[aeiouy])h", ""), (r"(.)\1+", r"\1"), ("(?<=[aeiou])[wy]", "y"),
    )
)  # fmt: skip
_VOWELS = re.compile("[aeiouy]+")
_VOWEL_CLASSES = {"ee": "i", "ea": "i", "ie": "i", "ei": "i", "y": "i", "ey": "i", "oo": "u", "ou": "u", "ue": "u", "eu": "u", "oy": "o", "ay": "a", "ai": "a"}  # fmt: skip


def phonetic_keys(word: str) -> Iterator[str]:
    """Keys that words of similar sound have in common.

    One with its vowels reduced to classes; for words of three consonants or more also one without
    vowels.
    """
    heard = word.replace("ew", "oo")
    heard = re.sub("(?<=.)(?:oo)", "U", heard)
    for pattern, sound in _SPELLING_RULES:
        heard = pattern.sub(sound, heard)
    heard = heard.replace("U", "u")
    ending = (
        heard[:-1] if len(heard) > 3 and heard[-1] == "e" and heard[-2] not in "aeiouy" else heard
    )
    by_class = _VOWELS.sub(
        lambda match: _VOWEL_CLASSES.get(match.group(), match.group()[0]), ending
    )
    if len(by_class) >= 3:
        yield by_class
    loose = _VOWELS.sub("?", heard)
    if len(heard) >= 5 and len(loose.replace("?", "")) - ("sh" in loose) - ("ch" in loose) >= 3:
        yield loose


class MisspellingIndex:
    """Words by their misspellings: by sound, swapped or omitted letters, one wrong letter.

    `ordinary` are words that are never treated as misspellings by one wrong letter.
    """

    def __init__(self, words: Iterable[str], ordinary: Container[str]) -> None:
        self._ordinary = ordinary
        self._by_deletion: dict[str, str] = {}
        """Words of `MIN_EDITED_CHARS` letters or more by themselves and without one letter."""
        self._by_spelling: dict[str, str] = {}
        self._by_phonetic_key: dict[str, str] = {}
        for word in words:
            for variant in _variants(word):
                for spelling in (variant, variant + "s", variant + "z"):
                    self._by_spelling.setdefault(spelling, word)
            for key in phonetic_keys(word):
                self._by_phonetic_key.setdefault(key, word)
            for shortened in (word, *_deletions(word)) if len(word) >= MIN_EDITED_CHARS else ():
                self._by_deletion.setdefault(shortened, word)

    def correct(self, word: str) -> str | None:
        """The word that `word` is a misspelling of; None if there is none."""
        match = self._by_spelling.get(word)
        if match or len(word) > MAX_MISSPELLED_CHARS:
            return match
        for key in phonetic_keys(word):
            singular = key[:-1] if key.endswith("s") and len(key) > 3 else key
            match = self._by_phonetic_key.get(key) or self._by_phonetic_key.get(singular)
            if match and abs(len(word) - len(match)) <= MAX_LENGTH_DIFFERENCE:
                return match
        return self._correct_one_letter(word)

    def _correct_one_letter(self, word: str) -> str | None:
        """A word at one edit (substitution, insertion or deletion, not of the first letter); None
        if an ordinary word is at one edit as well."""
        if len(word) < MIN_EDITED_CHARS - 1:
            return None
        candidates = {self._by_deletion.get(key) for key in (word, *_deletions(word))} - {None}
        for candidate in candidates:
            if (
                candidate
                and _is_one_edit(word, candidate)
                and not any(edit in self._ordinary for edit in _edits(word))
            ):
                return candidate
        return None


def _deletions(word: str) -> Iterator[str]:
    return (word[:i] + word[i + 1 :] for i in range(1, len(word)))


def _is_one_edit(one: str, other: str) -> bool:
    """Whether the words differ by one substitution, insertion or deletion, not of the first
    letter."""
    if one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return shorter in _deletions(longer)


def _edits(word: str) -> Iterator[str]:
    """Every word at one edit with the same first letter."""
    yield from _deletions(word)
    for i in range(1, len(word) + 1):
        for letter in ascii_lowercase:
            yield word[:i] + letter + word[i:]
            if i < len(word):
                yield word[:i] + letter + word[i + 1 :]


def _variants(word: str) -> Iterator[str]:
    """With two letters swapped, with vowels omitted, and with repeated letters collapsed."""
    if len(word) >= 4:
        for i in range(1, len(word) - 1):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    vowels = [i for i, char in enumerate(word) if char in "aeiou" and i]
    for count in range(1, len(vowels) + 1):
        for omitted in combinations(vowels, count):
            remaining = "".join(char for i, char in enumerate(word) if i not in omitted)
            if len(remaining) >= 3:
                yield remaining
    if len(word) >= 5:
        yield from collapse_repeats(word)
