"""What a theme lets pass, and how what was asked for and drawn is judged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from studio.message_fields import MaybeMessage
from studio.messages import Message, message
from studio.recipes.base import Frozen
from studio.recipes.canvas import Sha256, Slug
from studio.recipes.text import TEXT, Author, Reason, Search

Severity = Literal["block", "mask", "flag"]
"""What becomes of a word: the request is refused, the word is left out, or it is taken down."""
SEVERITIES: tuple[Severity, ...] = ("block", "mask", "flag")
"""The gravest first."""
Stage = Literal["words", "upload", "doodle", "picture"]
Verdict = Literal["block", "mask", "flag", "withheld", "released"]


NSFW, CONCEPTS = "nsfw", "concepts"
"""Scores of pictures: 0 to 1 by open_nsfw; how far past its own limits a checker finds a concept (cosine)."""


class SafetyPolicy(Frozen):
    """A theme's own rules, kept with its preset.

    `negative_prompt` is added to each recipe's on the server; who asks neither sees it nor can take it
    away. A picture whose score is over `threshold` is withheld, and drawn once more with another
    seed where `refill` says so; so is one that comes nearer to a concept than Stable Diffusion's safety
    checker allows by more than `margin` (negative: stricter), where its weights are here. `uploads` lets clients bring base pictures.
    With `moderation` pictures are shown to an outside service, too; it says what becomes of them while
    that is down. Without `keep_words` the record holds a hash of blocked words alone.
    """

    words: bool = True
    pictures: bool = True
    doodles: bool = True
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    margin: Annotated[float, Field(ge=-0.2, le=0.2)] = 0.0
    refill: bool = False
    uploads: bool = False
    moderation: Literal["off", "withhold", "pass"] = "off"
    negative_prompt: Annotated[str, Field(max_length=2000), TEXT] = ""
    keep_words: bool = True

    @property
    def limits(self) -> Mapping[str, float]:
        """What each judge's score may not be over."""
        return {NSFW: self.threshold, CONCEPTS: self.margin}


class Match(Frozen):
    """An entry of a word list found in a text, `start` to `end` in its characters."""

    entry: str
    severity: Severity
    start: int
    end: int


class WordVerdict(Frozen):
    """`severity` is the gravest of the matches; None: nothing was found."""

    severity: Severity | None = None
    matches: tuple[Match, ...] = ()

    def masked(self, text: str) -> str:
        """`text` with a space in place of each word to be masked, so that what stood around it is not
        joined."""
        return " ".join(self.blanked(text).split())

    def blanked(self, text: str) -> str:
        """`text` with spaces in place of each letter to be masked: all else stays where it was."""
        kept = list(text)
        for match in self.matches:
            if match.severity == "mask":
                kept[match.start : match.end] = " " * (match.end - match.start)
        return "".join(kept)


class PictureVerdict(Frozen):
    """What a judge makes of one picture. `error` says why it could not be judged, which withholds it."""

    scores: Mapping[str, float] = Field(default_factory=dict)
    limits: Mapping[str, float] = Field(default_factory=dict)
    error: MaybeMessage = None
    refused: str | None = None
    """Why somebody outside will not have it shown."""

    @property
    def worst(self) -> str:
        """The score that is farthest over its limit, or nearest below; empty where there is none."""
        return max(self.scores, key=self._over, default="")

    @property
    def score(self) -> float:
        return self.scores.get(self.worst, 0.0)

    @property
    def withheld(self) -> bool:
        over = any(self._over(name) > 0 for name in self.scores)
        return self.error is not None or self.refused is not None or over

    @property
    def reason(self) -> Message | None:
        """For operators; None while it may be shown."""
        if self.error is not None:
            return message("moderation.not_judged", reason=self.error)
        if self.refused is not None:
            reason = self.refused or message("moderation.no_reason")
            return message("moderation.refused_outside", reason=reason)
        if not self.withheld:
            return None
        limit = f"{self.limits.get(self.worst, 1.0):.2f}"
        return message(
            "moderation.over_limit", what=self.worst, score=f"{self.score:.2f}", limit=limit
        )

    def _over(self, name: str) -> float:
        return self.scores[name] - self.limits.get(name, 1.0)


class Judged(Frozen):
    """One decision on record. `said` are the words, or a hash of them, that were blocked."""

    stage: Stage
    verdict: Verdict
    client: str
    request_id: str
    theme: Slug
    version: int | None = None
    letter: str = ""
    score: float | None = None
    reason: str = ""
    said: str = ""
    picture_sha256: Sha256 | None = None
    created: datetime


class AuditFilter(Frozen):
    """What of the record is wanted; None: whatever it is. `text` is looked for in words and reasons."""

    stage: Stage | None = None
    verdict: Verdict | None = None
    theme: Slug | None = None
    client: Search | None = None
    text: Search | None = None


class Review(Frozen):
    """What a reviewer made of a decision afterwards."""

    reviewer: Author
    wrong: bool
    note: Reason


class KeptJudgement(Frozen):
    id: int
    judged: Judged
    review: Review | None = None
