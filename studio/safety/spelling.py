"""How a word is spelt by somebody who does not want it found: signs for letters, letters drawn out,
apart, left out, swapped or written by ear, words glued together or read from the other end."""

import codecs
import re
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import combinations, product
from string import ascii_lowercase

LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i", "|": "i", "+": "t", "(": "c", "€": "e", "£": "l", "¥": "y", "¢": "c", "^": "a", "µ": "u", "&": "a"}  # fmt: skip
"""Digits and signs that stand for letters; 1, ! and | for l, 6 and 9 for g and 2 for z, too."""
OTHER_LEET = LEET | {"1": "l", "!": "l", "|": "l", "6": "g", "2": "z", "7": "l", "<": "c"}
DRAWN = {
    "|\\/|": "m", "/\\/\\": "m", "\\/\\/": "w", "|\\|": "n", "/\\/": "n", "|-|": "h", "|_|": "u", "(_)": "u",
    "/\\": "a", "/-\\": "a", "\\/": "v", "|)": "d", "|>": "d", "|3": "b", "|<": "k", "|2": "r", "|*": "p", "|=": "f",
    "_|": "j", "|_": "l", "()": "o", "[]": "o", "><": "x", "vv": "w",
}  # fmt: skip
"""Letters drawn with several signs, the longest first."""
_DRAWN = re.compile("|".join(map(re.escape, sorted(DRAWN, key=len, reverse=True))))
_DOUBLED = re.compile(r"(.)\1+")
_WILD = frozenset("*#_^~%&?@$!+=•●■○□°×·…-.")
"""What may stand for one letter that is not told."""
_BLANKS, _WEAK = frozenset("*#"), frozenset("-.")
"""Those of them that may end a word, and those that mostly stand between words."""
LONGEST_WILD, MAX_DOUBLED = 12, 3
LONGEST_MISSPELT, FARTHEST, SHORTEST_EDITED = 14, 2, 5
"""Letters of a misspelt word, how many more or fewer it may have, and those of a word that is looked for with
one letter wrong."""
MAX_WILD_SHARE = 2 / 3


def drawn(text: str) -> str:
    """With letters that were drawn with several signs."""
    return _DRAWN.sub(lambda found: DRAWN[found.group()], text)


def undoubled(word: str) -> Iterator[str]:
    """A word with letters that stand double or more once, or twice: `naaked`, `pusssy`."""
    runs = [*_DOUBLED.finditer(word)]
    if len(runs) > MAX_DOUBLED:
        yield _DOUBLED.sub(r"\1", word)
        yield _DOUBLED.sub(r"\1\1", word)
        return
    for lengths in product((1, 2), repeat=len(runs)):
        read, at = [], 0
        for run, length in zip(runs, lengths, strict=True):
            read += [word[at : run.start()], run.group(1) * length]
            at = run.end()
        other = "".join(read) + word[at:]
        if other != word:
            yield other


def unglued(
    word: str, known: Callable[[str], bool], companions: Container[str]
) -> list[str] | None:
    """`hotnakedbabe` as words that are known to the lists and those that are glued to them."""
    best: dict[int, tuple[list[str], bool]] = {0: ([], False)}
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 16), end):
            if start not in best:
                continue
            part, (before, held) = word[start:end], best[start]
            listed = len(part) > 2 and known(part)
            if (listed or part in companions) and (
                end not in best or (listed and not best[end][1])
            ):
                best[end] = [*before, part], held or listed
    found = best.get(len(word))
    return found[0] if found and found[1] and len(found[0]) > 1 else None


def turned_round(word: str) -> Iterator[str]:
    """Read from the other end, and by ROT13."""
    yield word[::-1]
    yield codecs.encode(word, "rot13")


def wild(piece: str) -> Iterator[str]:
    """A piece with `?` where a sign stands for a letter that is not told: `n*de`; then also for the signs
    that stand for one letter or another: `n1pp1e`."""
    text = piece.strip("\"'“”‘’()[]{}<>,;:…")
    if not 3 <= len(text) <= LONGEST_WILD or not text.isascii() or not text[0].isalpha():
        return
    signs = _WILD & set(text)
    for unsure in ("", "1|67"):
        said = "".join(
            "?" if char in _WILD or char in unsure else LEET.get(char, char) for char in text
        )
        inner = said if signs <= _BLANKS else said.strip("?")
        count = inner.count("?")
        few = count <= MAX_WILD_SHARE * len(inner)
        if signs <= _WEAK and signs and (len(inner) < 4 or count > 2):
            few = False
        if inner.endswith("?") and len(inner) - count < 3:
            few = False
        if count and few and inner.replace("?", "").isalpha():
            yield inner


def left_open(piece: str) -> bool:
    """Whether a piece has a sign that stands for nothing but a letter left out."""
    return bool(_WILD & set(piece) - _WEAK - LEET.keys())


_BY_EAR: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"), ("^kn", "n"), ("^wr", "r"), ("^wh(?=o)", "h"), ("tz", "ts"), ("tch", "ch"), ("[ao][uw](?=[^aeiouw])", "o"), ("(?<=[^aeiou])le(?=s?$)", "el"), ("x", "ks"), ("qu?", "k"), ("sch", "sh"),
        ("c?k", "k"), ("c(?=[eiy])", "s"), ("c(?!h)", "k"), ("z", "s"), ("s[aeiou]m(?=s?$)", "sm"), ("dg|g(?=[eiy])", "j"),
        ("(?<=[aeiouy])h", ""), (r"(.)\1+", r"\1"), ("(?<=[aeiou])[wy]", "y"),
    )
)  # fmt: skip
_VOWELS = re.compile("[aeiouy]+")
_CLASSES = {"ee": "i", "ea": "i", "ie": "i", "ei": "i", "y": "i", "ey": "i", "oo": "u", "ou": "u", "ue": "u", "eu": "u", "oy": "o", "ay": "a", "ai": "a"}  # fmt: skip


def sounds(word: str) -> Iterator[str]:
    """Keys that words have in common that sound alike: vowels by class, and for words of three consonants
    or more, whatever the vowels."""
    heard = word.replace("ew", "oo")
    heard = re.sub("(?<=.)(?:oo)", "U", heard)
    for pattern, sound in _BY_EAR:
        heard = pattern.sub(sound, heard)
    heard = heard.replace("U", "u")
    ending = (
        heard[:-1] if len(heard) > 3 and heard[-1] == "e" and heard[-2] not in "aeiouy" else heard
    )
    by_class = _VOWELS.sub(lambda found: _CLASSES.get(found.group(), found.group()[0]), ending)
    if len(by_class) >= 3:
        yield by_class
    loose = _VOWELS.sub("?", heard)
    if len(heard) >= 5 and len(loose.replace("?", "")) - ("sh" in loose) - ("ch" in loose) >= 3:
        yield loose


class Misspelt:
    """Some words by every way in which they are misspelt: by ear, letters swapped or left out."""

    def __init__(self, words: Iterable[str], ordinary: Container[str]) -> None:
        self._ordinary = ordinary
        self._shorter: dict[str, str] = {}
        """Words of five letters or more, and with one left out."""
        self._written: dict[str, str] = {}
        self._pronunciations: dict[str, str] = {}
        for word in words:
            for form in _forms(word):
                for written in (form, form + "s", form + "z"):
                    self._written.setdefault(written, word)
            for key in sounds(word):
                self._pronunciations.setdefault(key, word)
            for shorter in (word, *_one_less(word)) if len(word) >= SHORTEST_EDITED else ():
                self._shorter.setdefault(shorter, word)

    def meant(self, word: str) -> str | None:
        """The word that somebody who writes this means; None where nothing is near."""
        found = self._written.get(word)
        if found or len(word) > LONGEST_MISSPELT:
            return found
        for key in sounds(word):
            plural = key[:-1] if key.endswith("s") and len(key) > 3 else key
            heard = self._pronunciations.get(key) or self._pronunciations.get(plural)
            if heard and abs(len(word) - len(heard)) <= FARTHEST:
                return heard
        return self._edited(word)

    def _edited(self, word: str) -> str | None:
        """A word of which one letter, not the first, is another, too many or missing; not where an
        ordinary word is as near."""
        if len(word) < SHORTEST_EDITED - 1:
            return None
        near = {self._shorter.get(each) for each in (word, *_one_less(word))} - {None}
        for meant in near:
            if (
                meant
                and _one_edit(word, meant)
                and not any(e in self._ordinary for e in _edits(word))
            ):
                return meant
        return None


def _one_less(word: str) -> Iterator[str]:
    return (word[:i] + word[i + 1 :] for i in range(1, len(word)))


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter is another, too many or missing, but for the first."""
    if one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return shorter in _one_less(longer)


def _edits(word: str) -> Iterator[str]:
    """Every word that is one letter away, the first being the same."""
    yield from _one_less(word)
    for i in range(1, len(word) + 1):
        for letter in ascii_lowercase:
            yield word[:i] + letter + word[i:]
            if i < len(word):
                yield word[:i] + letter + word[i + 1 :]


def _forms(word: str) -> Iterator[str]:
    if len(word) >= 4:
        for i in range(1, len(word) - 1):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    vowels = [i for i, char in enumerate(word) if char in "aeiou" and i]
    for count in range(1, len(vowels) + 1):
        for gone in combinations(vowels, count):
            left = "".join(char for i, char in enumerate(word) if i not in gone)
            if len(left) >= 3:
                yield left
    if len(word) >= 5:
        yield from undoubled(word)
