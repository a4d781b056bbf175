"""Blind tests between recipes or theme versions: candidates, matchups and votes. Pure functions."""

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


class GridCellRef(StoredModel):
    """A cell of a stored grid, by the ids of both; `label` has the cell's values."""

    grid: Annotated[int, Field(ge=1, lt=2**31)]
    cell: Annotated[int, Field(ge=0, lt=2**31)]
    label: Title


class Candidate(StoredModel):
    """A participant of a blind test: one recipe of a theme version, or all four where `slot` is None.

    Where `cell` is given it is that cell's recipe, in `slot` of the version which the grid varied.
    """

    slug: Slug
    version: VersionNumber
    slot: Slot | None = None
    cell: GridCellRef | None = None

    @classmethod
    def parse(cls, text: str) -> "Candidate":
        """Parses `slug:version` or `slug:version:slot`.

        Raises:
            InvalidInputError: the text is malformed.
        """
        slug, _, rest = text.partition(":")
        version, _, slot = rest.partition(":")
        try:
            return cls.model_validate(
                {"slug": slug, "version": version, "slot": slot.upper() or None}
            )
        except ValidationError:
            raise InvalidInputError("blind_test.candidate_invalid", entrant=text) from None

    @property
    def label(self) -> str:
        """Theme, version, slot and the values of a grid's cell, such as "spring v3 A, 0.55, Euler"."""
        slot = f" {self.slot}" if self.slot else ""
        return f"{self.slug} v{self.version}{slot}{f', {self.cell.label}' if self.cell else ''}"


class BlindTest(FrozenModel):
    """Two to four candidates over the same doodles, all rendered with the same seeds.

    The candidates are either all recipes or all complete versions.
    """

    title: Title
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=2, max_length=4)]
    doodles: Annotated[tuple[str, ...], Field(min_length=1, max_length=40)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1, max_length=8)] = (1, 2)

    @model_validator(mode="after")
    def _validate_candidates(self) -> Self:
        if len(set(self.candidates)) != len(self.candidates):
            raise invalid("blind_test.candidate_duplicate")
        if len({candidate.slot is None for candidate in self.candidates}) > 1:
            raise invalid("blind_test.candidates_mixed")
        return self


class Matchup(FrozenModel):
    """A pair to choose from: doodle, seed, and the indices of the candidates on the left and right."""

    doodle: str
    seed: int
    left: int
    right: int


class Vote(FrozenModel):
    """A voter's choice in one matchup."""

    voter: VoterName
    matchup: Matchup
    choice: Choice


def count_matchups(blind_test: BlindTest) -> int:
    """The matchups of one round: every pair of candidates with every doodle and seed."""
    pairs = len(list(combinations(blind_test.candidates, 2)))
    return len(blind_test.doodles) * len(blind_test.seeds) * pairs


def matchups_of_round(
    blind_test: BlindTest, key: str, voter: str, round_index: int
) -> tuple[Matchup, ...]:
    """A voter's matchups of one round, from 0, in order. Deterministic.

    In each round a voter sees every pair of candidates with every doodle and seed once. The order
    and the sides are random per voter and round.

    Args:
        key: distinguishes blind tests with the same candidates.
    """
    pairs = list(combinations(range(len(blind_test.candidates)), 2))
    matchups = list(product(blind_test.doodles, blind_test.seeds, pairs))
    rng = random.Random(f"{key}/{voter}/{round_index}")
    rng.shuffle(matchups)
    swaps = [rng.random() < 0.5 for _ in matchups]
    return tuple(
        Matchup(
            doodle=doodle,
            seed=seed,
            left=second if is_swapped else first,
            right=first if is_swapped else second,
        )
        for (doodle, seed, (first, second)), is_swapped in zip(matchups, swaps, strict=True)
    )


def matchup_for(blind_test: BlindTest, key: str, voter: str, index: int) -> Matchup:
    """A voter's matchup number `index`, from 0, over all rounds; see `matchups_of_round`."""
    round_index, position = divmod(index, count_matchups(blind_test))
    return matchups_of_round(blind_test, key, voter, round_index)[position]
