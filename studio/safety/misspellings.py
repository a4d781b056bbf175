"""Misspellings of words: by sound, by swapped or omitted letters, by one wrong letter."""

import re
from collections.abc import Container, Iterable, Iterator
from itertools import combinations
from string import ascii_lowercase

from studio.safety.spelling import collapse_repeats

MAX_MISSPELLED_CHARS = 14
MAX_LENGTH_DIFFERENCE = 2
"""By how many letters a misspelling by sound may be longer or shorter than the word."""
MIN_EDITED_CHARS = 5
"""Letters of a word that is also found with one wrong letter."""
_SPELLING_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"),
        ("^kn", "n"),
        ("^wr", "r"),
        ("^wh(?=o)", "h"),
        ("tz", "ts"),
        ("tch", "ch"),
        ("[ao][uw](?=[^aeiouw])", "o"),
        ("(?<=[^aeiou])le(?=s?$)", "el"),
        ("x", "ks"),
        ("qu?", "k"),
        ("sch", "sh"),
        ("c?k", "k"),
        ("c(?=[eiy])", "s"),
        ("c(?!h)", "k"),
        ("z", "s"),
        ("s[aeiou]m(?=s?$)", "sm"),
        ("dg|g(?=[eiy])", "j"),
        ("(?<=[aeiouy])h", ""),
        (r"(.)\1+", r"\1"),
        ("(?<=[aeiou])[wy]", "y"),
    )
)
_VOWELS = re.compile("[aeiouy]+")
_VOWEL_CLASSES = {"ee": "i", "ea": "i", "ie": "i", "ei": "i", "y": "i", "ey": "i", "oo": "u", "ou": "u", "ue": "u", "eu": "u", "oy": "o", "ay": "a", "ai": "a"}  # fmt: skip


def phonetic_keys(word: str) -> Iterator[str]:
    """Keys that words of similar sound have in common.

    One with its vowels reduced to classes; for words of three consonants or more also one without
    vowels.
    """
    sound_key = word.replace("ew", "oo")
    sound_key = re.sub("(?<=.)(?:oo)", "U", sound_key)
    for pattern, sound in _SPELLING_RULES:
        sound_key = pattern.sub(sound, sound_key)
    sound_key = sound_key.replace("U", "u")
    ending = (
        sound_key[:-1]
        if len(sound_key) > 3 and sound_key[-1] == "e" and sound_key[-2] not in "aeiouy"
        else sound_key
    )
    by_class = _VOWELS.sub(
        lambda match: _VOWEL_CLASSES.get(match.group(), match.group()[0]), ending
    )
    if len(by_class) >= 3:
        yield by_class
    loose = _VOWELS.sub("?", sound_key)
    if len(sound_key) >= 5 and len(loose.replace("?", "")) - ("sh" in loose) - ("ch" in loose) >= 3:
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
