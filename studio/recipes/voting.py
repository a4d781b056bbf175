"""Blind contests between recipes or versions: who stands, who is shown when, what was voted. Pure."""

import random
from itertools import combinations, product
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from studio.errors import InputError
from studio.message_fields import invalid
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Number
from studio.recipes.preset import Letter
from studio.recipes.text import Name, Title

Choice = Literal["left", "right", "tie"]
Voter = Name


class Entrant(Frozen):
    """What stands in a contest: one recipe of a version, or without a letter all four of it."""

    slug: Slug
    number: Number
    letter: Letter | None = None

    @classmethod
    def read(cls, text: str) -> "Entrant":
        """From `slug:version` or `slug:version:letter`. Raises InputError."""
        slug, _, rest = text.partition(":")
        number, _, letter = rest.partition(":")
        try:
            return cls.model_validate(
                {"slug": slug, "number": number, "letter": letter.upper() or None}
            )
        except ValidationError:
            raise InputError("blind_test.entrant_unreadable", entrant=text) from None

    @property
    def label(self) -> str:
        return f"{self.slug} v{self.number}{f' {self.letter}' if self.letter else ''}"


class Contest(Frozen):
    """Two to four entrants over the same doodles, each drawn with the same seeds."""

    title: Title
    entrants: Annotated[tuple[Entrant, ...], Field(min_length=2, max_length=4)]
    doodles: Annotated[tuple[str, ...], Field(min_length=1, max_length=40)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1, max_length=8)] = (1, 2)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.entrants)) != len(self.entrants):
            raise invalid("blind_test.entrant_twice")
        if len({entrant.letter is None for entrant in self.entrants}) > 1:
            raise invalid("blind_test.entrants_mixed")
        return self


class Ballot(Frozen):
    """One pair to choose from: a doodle and seed, and which entrants stand left and right."""

    doodle: str
    seed: int
    left: int
    right: int


class Vote(Frozen):
    """What a voter chose of one ballot."""

    voter: Voter
    ballot: Ballot
    choice: Choice


def ballot(contest: Contest, key: str, voter: str, number: int) -> Ballot:
    """A voter's ballot of this number, from 0: the same whenever it is asked for.

    `key` tells contests apart. Each voter meets every pair on every page once before any comes
    again, in an order and on sides of their own.
    """
    pairs = list(combinations(range(len(contest.entrants)), 2))
    every = list(product(contest.doodles, contest.seeds, pairs))
    turn, place = divmod(number, len(every))
    chance = random.Random(f"{key}/{voter}/{turn}")
    chance.shuffle(every)
    flips = [chance.random() < 0.5 for _ in every]
    doodle, seed, (one, other) = every[place]
    left, right = (other, one) if flips[place] else (one, other)
    return Ballot(doodle=doodle, seed=seed, left=left, right=right)
