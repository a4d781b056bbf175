"""The review of a theme version: comments, requests for a review, approvals. Append-only; the state follows from the log."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.text_fields import LINE, Name, Note
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot

ReviewKind = Literal["comment", "request", "request_changes", "approve"]
"""`request` asks for a review; every kind but `comment` changes the version's state."""
ReviewState = Literal["none", "in_review", "changes_requested", "approved"]

MAX_TAGS = 12
"""Tags of one theme."""
Tag = Annotated[str, Field(min_length=1, max_length=30), LINE]
"""A word by which operators group themes."""


class ReviewCell(StoredModel):
    """The image that a comment is about: doodle and seed of the regression suite, slot of the recipe."""

    doodle: Annotated[str, Field(min_length=1, max_length=63), LINE]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    slot: Slot


class ReviewSpec(StoredModel):
    """What somebody says of a version. A comment needs a text."""

    kind: ReviewKind
    author: Name
    text: Note = ""
    cell: ReviewCell | None = None

    @model_validator(mode="after")
    def _validate_text(self) -> Self:
        if self.kind == "comment" and not self.text.strip():
            raise invalid("theme.comment_empty")
        return self


class Review(FrozenModel):
    """One entry of a version's review log."""

    id: int
    version: VersionNumber
    spec: ReviewSpec
    created_at: datetime


_STATES: dict[ReviewKind, ReviewState] = {
    "request": "in_review",
    "request_changes": "changes_requested",
    "approve": "approved",
}


def review_state(kinds: Iterable[ReviewKind]) -> ReviewState:
    """The state of a version by the kinds of its entries, oldest first: the last that is no comment counts."""
    state: ReviewState = "none"
    for kind in kinds:
        state = _STATES.get(kind, state)
    return state


def approvals(log: Sequence[Review]) -> tuple[Review, ...]:
    """The approvals that hold, oldest first: each person's last, since changes were last requested.

    Args:
        log: of one version, oldest first.
    """
    standing_reviews: dict[str, Review] = {}
    for entry in log:
        if entry.spec.kind == "request_changes":
            standing_reviews.clear()
        elif entry.spec.kind == "approve":
            standing_reviews.pop(entry.spec.author, None)
            standing_reviews[entry.spec.author] = entry
    return tuple(standing_reviews.values())


def unique_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags without blanks around them, sorted, each once in whatever case."""
    by_key = {tag.strip().casefold(): tag.strip() for tag in tags if tag.strip()}
    return tuple(tag for _, tag in sorted(by_key.items()))
