"""What a theme lets pass, and how what was asked for and drawn is judged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.messages import Message, message
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Sha256, Slug
from studio.recipes.text_fields import TEXT, Author, Reason, Search

WordAction = Literal["block", "mask", "flag"]
"""What becomes of a word: the request is refused, the word is left out, or it is taken down."""
WORD_ACTIONS: tuple[WordAction, ...] = ("block", "mask", "flag")
"""The gravest first."""
ModerationStage = Literal["prompt", "upload", "doodle", "image"]
ModerationAction = Literal["block", "mask", "flag", "withheld", "released"]


NSFW_SCORE, CONCEPT_SCORE = "nsfw", "concepts"
"""Scores of pictures: 0 to 1 by open_nsfw; how far past its own limits a checker finds a concept (cosine)."""


class ModerationPolicy(StoredModel):
    """A theme's own rules, kept with its preset.

    `negative_prompt` is added to each recipe's on the server; who asks neither sees it nor can take it
    away. A picture whose score is over `threshold` is withheld, and drawn once more with another
    seed where `refill` says so; so is one that comes nearer to a concept than Stable Diffusion's safety
    checker allows by more than `margin` (negative: stricter), where its weights are here. `uploads` lets clients bring base pictures.
    With `moderation` pictures are shown to an outside service, too; it says what becomes of them while
    that is down. Without `keep_words` the record holds a hash of blocked words alone.
    """

    check_prompts: bool = True
    check_outputs: bool = True
    check_doodles: bool = True
    nsfw_threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    concept_margin: Annotated[float, Field(ge=-0.2, le=0.2)] = 0.0
    regenerate_withheld: bool = False
    allow_base_uploads: bool = False
    external_moderation: Literal["off", "withhold", "pass"] = "off"
    negative_prompt: Annotated[str, Field(max_length=2000), TEXT] = ""
    log_blocked_text: bool = True

    @property
    def score_limits(self) -> Mapping[str, float]:
        """What each judge's score may not be over."""
        return {NSFW_SCORE: self.nsfw_threshold, CONCEPT_SCORE: self.concept_margin}


class WordMatch(StoredModel):
    """An entry of a word list found in a text, `start` to `end` in its characters."""

    entry: str
    action: WordAction
    start: int
    end: int


class TextModerationResult(FrozenModel):
    """`severity` is the gravest of the matches; None: nothing was found."""

    action: WordAction | None = None
    matches: tuple[WordMatch, ...] = ()

    def apply_mask(self, text: str) -> str:
        """`text` with a space in place of each word to be masked, so that what stood around it is not
        joined."""
        return " ".join(self.blank_masked(text).split())

    def blank_masked(self, text: str) -> str:
        """`text` with spaces in place of each letter to be masked: all else stays where it was."""
        kept = list(text)
        for match in self.matches:
            if match.action == "mask":
                kept[match.start : match.end] = " " * (match.end - match.start)
        return "".join(kept)


class ImageModerationResult(FrozenModel):
    """What a judge makes of one picture. `error` says why it could not be judged, which withholds it."""

    scores: Mapping[str, float] = Field(default_factory=dict)
    limits: Mapping[str, float] = Field(default_factory=dict)
    error: MaybeMessage = None
    external_reason: str | None = None
    """Why somebody outside will not have it shown."""

    @property
    def top_category(self) -> str:
        """The score that is farthest over its limit, or nearest below; empty where there is none."""
        return max(self.scores, key=self._excess, default="")

    @property
    def score(self) -> float:
        return self.scores.get(self.top_category, 0.0)

    @property
    def is_withheld(self) -> bool:
        over = any(self._excess(name) > 0 for name in self.scores)
        return self.error is not None or self.external_reason is not None or over

    @property
    def reason(self) -> Message | None:
        """For operators; None while it may be shown."""
        if self.error is not None:
            return message("moderation.not_judged", reason=self.error)
        if self.external_reason is not None:
            reason = self.external_reason or message("moderation.no_reason")
            return message("moderation.refused_outside", reason=reason)
        if not self.is_withheld:
            return None
        limit = f"{self.limits.get(self.top_category, 1.0):.2f}"
        return message(
            "moderation.over_limit", what=self.top_category, score=f"{self.score:.2f}", limit=limit
        )

    def _excess(self, name: str) -> float:
        return self.scores[name] - self.limits.get(name, 1.0)


class ModerationDecision(StoredModel):
    """One decision on record. `said` are the words, or a hash of them, that were blocked."""

    stage: ModerationStage
    verdict: ModerationAction
    client: str
    request_id: str
    theme: Slug
    version: int | None = None
    slot: str = ""
    score: float | None = None
    reason: str = ""
    input_text: str = ""
    image_sha256: Sha256 | None = None
    created_at: datetime


class AuditFilter(FrozenModel):
    """What of the record is wanted; None: whatever it is. `text` is looked for in words and reasons."""

    stage: ModerationStage | None = None
    verdict: ModerationAction | None = None
    theme: Slug | None = None
    client: Search | None = None
    text: Search | None = None


class Review(StoredModel):
    """What a reviewer made of a decision afterwards."""

    reviewer: Author
    is_false_positive: bool
    note: Reason


class StoredDecision(FrozenModel):
    id: int
    decision: ModerationDecision
    review: Review | None = None
