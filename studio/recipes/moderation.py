"""Moderation of prompts and images: a theme's policy, results of the checks, and the audit record."""

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
"""What happens to a matched word: the request is refused, the word is removed, or it is only recorded."""
WORD_ACTIONS: tuple[WordAction, ...] = ("block", "mask", "flag")
"""The strictest first."""
ModerationStage = Literal["prompt", "upload", "doodle", "image"]
ModerationAction = Literal["block", "mask", "flag", "withheld", "released"]

NSFW_SCORE, CONCEPT_SCORE = "nsfw", "concepts"
"""Names of image scores: the probability 0 to 1 of open_nsfw; and the highest excess of a cosine
similarity over the limit that Stable Diffusion's safety checker has for a concept."""


class ModerationPolicy(StoredModel):
    """A theme's moderation rules, stored in its preset.

    Attributes:
        check_prompts: whether the word filter checks prompts.
        check_outputs: whether rendered images are classified.
        check_doodles: whether doodles are classified, laid over their base image.
        nsfw_threshold: NSFW probability above which an image is withheld.
        concept_margin: how far a cosine similarity may exceed the safety checker's own limit for a
            concept; negative is stricter. Without the checker's weights it has no effect.
        regenerate_withheld: render a withheld image once more, with another seed.
        allow_base_uploads: whether clients may send base images of their own.
        external_moderation: whether images are also sent to an external service; while it is
            unavailable they are withheld (`fail_closed`) or pass (`fail_open`).
        negative_prompt: appended to every recipe's on the server; clients can neither see nor remove it.
        log_blocked_text: store blocked text in the audit record; otherwise only its hash.
    """

    check_prompts: bool = True
    check_outputs: bool = True
    check_doodles: bool = True
    nsfw_threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    concept_margin: Annotated[float, Field(ge=-0.2, le=0.2)] = 0.0
    regenerate_withheld: bool = False
    allow_base_uploads: bool = False
    external_moderation: Literal["off", "fail_closed", "fail_open"] = "off"
    negative_prompt: Annotated[str, Field(max_length=2000), TEXT] = ""
    log_blocked_text: bool = True

    @property
    def score_limits(self) -> Mapping[str, float]:
        """The highest score that passes, by the score's name."""
        return {NSFW_SCORE: self.nsfw_threshold, CONCEPT_SCORE: self.concept_margin}


class WordMatch(StoredModel):
    """A match of a word list's entry in a text, at the characters `start` to `end`."""

    entry: str
    action: WordAction
    start: int
    end: int


class TextModerationResult(FrozenModel):
    """Matches of the word filter; `action` is the strictest among them, None without a match."""

    action: WordAction | None = None
    matches: tuple[WordMatch, ...] = ()

    def apply_mask(self, text: str) -> str:
        """`text` without the words to be masked. A space replaces each, so that its neighbors are not
        joined into a new word."""
        return " ".join(self.blank_masked(text).split())

    def blank_masked(self, text: str) -> str:
        """`text` with every character to be masked replaced by a space; positions do not change."""
        chars = list(text)
        for match in self.matches:
            if match.action == "mask":
                chars[match.start : match.end] = " " * (match.end - match.start)
        return "".join(chars)


class ImageModerationResult(FrozenModel):
    """Scores of one image and the limits they are compared with.

    An image that could not be classified is withheld; `error` then says why.
    """

    scores: Mapping[str, float] = Field(default_factory=dict)
    limits: Mapping[str, float] = Field(default_factory=dict)
    error: MaybeMessage = None
    external_reason: str | None = None
    """Why the external moderation service rejects the image; None where it does not."""

    @property
    def top_category(self) -> str:
        """Name of the score with the highest excess over its limit; empty without scores."""
        return max(self.scores, key=self._excess, default="")

    @property
    def score(self) -> float:
        """The score of `top_category`."""
        return self.scores.get(self.top_category, 0.0)

    @property
    def is_withheld(self) -> bool:
        """Whether the image must not be shown."""
        exceeds = any(self._excess(name) > 0 for name in self.scores)
        return self.error is not None or self.external_reason is not None or exceeds

    @property
    def reason(self) -> Message | None:
        """Why the image is withheld, for operators; None where it is not."""
        if self.error is not None:
            return message("moderation.not_checked", reason=self.error)
        if self.external_reason is not None:
            reason = self.external_reason or message("moderation.no_reason")
            return message("moderation.external_blocked", reason=reason)
        if not self.is_withheld:
            return None
        limit = f"{self.limits.get(self.top_category, 1.0):.2f}"
        return message(
            "moderation.over_limit", what=self.top_category, score=f"{self.score:.2f}", limit=limit
        )

    def _excess(self, name: str) -> float:
        return self.scores[name] - self.limits.get(name, 1.0)


class ModerationDecision(StoredModel):
    """One decision in the audit record. `input_text` is the blocked text, or its hash."""

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
    """Conditions that a decision must meet; None is no condition. `text` is searched for in texts and reasons."""

    stage: ModerationStage | None = None
    verdict: ModerationAction | None = None
    theme: Slug | None = None
    client: Search | None = None
    text: Search | None = None


class Review(StoredModel):
    """A reviewer's opinion of a decision."""

    reviewer: Author
    is_false_positive: bool
    note: Reason


class StoredDecision(FrozenModel):
    """A decision with its row id and its review, if any."""

    id: int
    decision: ModerationDecision
    review: Review | None = None
