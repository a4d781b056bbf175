"""Request and response bodies of the API about moderation: texts, images, word list, policies, audit log."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from studio.recipes.base import FrozenModel
from studio.recipes.generation.job import UserPrompt
from studio.recipes.moderation import ModerationPolicy, StoredDecision, TextModerationResult
from studio.recipes.text_fields import TEXT, Reason

MAX_LIST_CHARS = 2_000_000
"""Characters of the custom word list in a request; longer ones are files."""


class CheckTextRequest(FrozenModel):
    text: UserPrompt


class TextCheckResponse(TextModerationResult):
    """What the word lists make of a text; `masked` is the text without the words to be masked."""

    masked: str


class ImageScoresResponse(FrozenModel):
    """Scores of an image by their names; `error` says why it could not be classified."""

    scores: Mapping[str, float]
    error: str | None


class PolicyResponse(FrozenModel):
    """A theme's moderation policy, and the version that has it."""

    version: int
    policy: ModerationPolicy


class WordList(FrozenModel):
    """The operators' custom word list, as its file has it."""

    text: Annotated[str, Field(max_length=MAX_LIST_CHARS), TEXT]


class WordListSaved(FrozenModel):
    entries: int


class DecisionPage(FrozenModel):
    """One page of the audit log; `next_cursor` is the `before` of the following page, null on the last."""

    decisions: tuple[StoredDecision, ...]
    next_cursor: int | None


class ReviewDecisionRequest(FrozenModel):
    """A review of a moderation decision; `release` delivers a withheld image after all."""

    is_false_positive: bool
    note: Reason
    release: bool = False


class ReviewResponse(FrozenModel):
    reviewer: str
