"""Alternatives in prompts, as the extension Dynamic Prompts writes them: `a {red|blue} dress`.

`{red|blue}` becomes one of its parts, which the seed chooses; a part may be empty, may have a weight
(`{3::red|blue}` is red three times of four) and may contain further alternatives. Braces without `|`, such
as those of `{prompt}`, are text, as are braces that are not closed: every input can be read.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Place = Literal["template", "negative", "theme"]
"""Which text it is: a recipe's template, its negative prompt, the theme's prompt."""
_WEIGHT = re.compile(r"\s*(\d+(?:\.\d+)?)::")


@dataclass(frozen=True)
class _Option:
    weight: float
    text: str


def choose_alternatives(text: str, seed: int, place: Place) -> str:
    """The text with one part of each group of alternatives; the same for the same seed, everywhere.

    `place` keeps the choices in one text independent of those in another.
    """
    # Seeding by text (SHA-512) and random() are the same in every version of Python.
    rng = random.Random(f"{place} {seed}")

    def choose(options: Sequence[_Option]) -> str:
        mark = rng.random() * sum(option.weight for option in options)
        for option in options:
            mark -= option.weight
            if mark < 0:
                return option.text
        return options[-1].text

    return _replace_groups(text, choose)


def longest_alternatives(text: str) -> str:
    """The text with the longest part of each group: what a prompt may take at most."""
    return _replace_groups(text, lambda options: max((option.text for option in options), key=len))


def _replace_groups(text: str, choose: Callable[[Sequence[_Option]], str]) -> str:
    """Replaces groups from the inside out, from left to right."""
    result: list[str] = []
    opened: list[int] = []  # Places in `result` of braces that are not closed yet.
    for char in text:
        if char == "}" and opened:
            start = opened.pop()
            inside = "".join(result[start + 1 :])
            result[start:] = [_resolved(inside, choose)]
        else:
            if char == "{":
                opened.append(len(result))
            result.append(char)
    return "".join(result)


def _resolved(inside: str, choose: Callable[[Sequence[_Option]], str]) -> str:
    """What stands for a pair of braces around `inside`, whose own groups are resolved."""
    parts = inside.split("|")
    if len(parts) == 1:
        return "{" + inside + "}"
    return choose([_option(part) for part in parts])


def _option(part: str) -> _Option:
    match = _WEIGHT.match(part)
    if match is None:
        return _Option(1.0, part.strip())
    return _Option(float(match[1]), part[match.end() :].strip())
