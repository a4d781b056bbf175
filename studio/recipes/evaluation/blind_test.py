"""Blind contests between recipes or versions: who stands, who is shown when, what was voted. Pure."""

import random
from itertools import combinations, product
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from studio.errors import InvalidInputError
from studio.message_fields import invalid
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.text_fields import Name, Title
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot

Choice = Literal["left", "right", "tie"]
VoterName = Name


class Candidate(StoredModel):
    """What stands in a contest: one recipe of a version, or without a letter all four of it."""

    slug: Slug
    version: VersionNumber
    slot: Slot | None = None

    @classmethod
    def parse(cls, text: str) -> "Candidate":
        """From `slug:version` or `slug:version:letter`. Raises InputError."""
        slug, _, rest = text.partition(":")
        number, _, slot = rest.partition(":")
        try:
            return cls.model_validate(
                {"slug": slug, "version": number, "slot": slot.upper() or None}
            )
        except ValidationError:
            raise InvalidInputError("blind_test.entrant_unreadable", entrant=text) from None

    @property
    def label(self) -> str:
        return f"{self.slug} v{self.version}{f' {self.slot}' if self.slot else ''}"


class BlindTest(FrozenModel):
    """Two to four entrants over the same doodles, each drawn with the same seeds."""

    title: Title
    entrants: Annotated[tuple[Candidate, ...], Field(min_length=2, max_length=4)]
    doodles: Annotated[tuple[str, ...], Field(min_length=1, max_length=40)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1, max_length=8)] = (1, 2)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.entrants)) != len(self.entrants):
            raise invalid("blind_test.entrant_twice")
        if len({entrant.slot is None for entrant in self.entrants}) > 1:
            raise invalid("blind_test.entrants_mixed")
        return self


class Matchup(FrozenModel):
    """One pair to choose from: a doodle and seed, and which entrants stand left and right."""

    doodle: str
    seed: int
    left: int
    right: int


class Vote(FrozenModel):
    """What a voter chose of one ballot."""

    voter: VoterName
    ballot: Matchup
    choice: Choice


def matchup_for(contest: BlindTest, key: str, voter: str, number: int) -> Matchup:
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
    return Matchup(doodle=doodle, seed=seed, left=left, right=right)
