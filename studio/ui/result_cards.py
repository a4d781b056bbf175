"""The cards of a run as JSON: the state of each job, or its finished variant.

`studio/web/results/result-grid.js` draws them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from studio.messages import Message, message
from studio.recipes.generation.drift import DriftKind
from studio.recipes.generation.events import (
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobReassigned,
    JobStarted,
    ModelLoading,
    PreviewReady,
    ResultWithheld,
    StepCompleted,
)
from studio.recipes.generation.job import Variant
from studio.recipes.generation.png_info import request_seed
from studio.recipes.themes.preset import SLOTS, Slot
from studio.server.history_schemas import image_url
from studio.ui.components import to_data_url
from studio.ui.texts import Texts


class CardJson(TypedDict):
    """A card as the browser draws it.

    `seconds_left` is 0 while it is unknown. `text` says what `state` alone does not: the model that is
    loaded, why there is no image. `image` is the URL of the stored image, empty before. `request_seed`
    is the seed of a request with which the recipe renders the image again. `drift` is that of the history's
    API, None where it is not measured.
    """

    state: str
    done: int
    total: int
    seconds_left: int
    text: str
    preview: str
    image: str
    seed: str
    request_seed: str
    seconds: float
    tokens: int
    notes: list[str]
    drift: dict[str, Any] | None
    drift_exceeded: list[DriftKind]


class RunJson(TypedDict):
    """A run as the browser draws it.

    `phase` is running, ended, stored (an earlier run, from the store) or refused (there is no run). `names`
    are the recipes' names by slot, empty for none. `selected_slot` is that of the picked variant, empty for none;
    `before` counts the runs that are rendered first. `metrics` has each RunMetric.
    """

    id: str
    phase: str
    theme: str
    prompt: str
    names: Mapping[Slot, str]
    cards: Mapping[Slot, CardJson]
    metrics: list[dict[str, object]]
    selected_slot: str
    before: int


@dataclass(frozen=True)
class ResultCard:
    """The card of a slot.

    `state` is idle, queued, started, loading, step, done, failed, withheld or cancelled. `done` of `total`
    steps are rendered. `started_at` is when the first step was done (seconds of the caller's clock), and
    `eta_seconds` the estimated time of the steps that remain. `preview` and `png` are PNG files.
    """

    slot: Slot
    state: str = "idle"
    done: int = 0
    total: int = 0
    started_at: float | None = None
    eta_seconds: int | None = None
    message: str | Message = ""
    preview: bytes | None = None
    png: bytes | None = None
    variant: Variant | None = None

    def apply_event(self, event: Event, now: float = 0.0) -> "ResultCard":  # noqa: PLR0911 - one a kind
        """The card after `event`, which was received at `now` (seconds of any monotonic clock)."""
        match event:
            case JobQueued() | JobReassigned():
                return ResultCard(self.slot, "queued")
            case JobStarted():
                return replace(self, state="started")
            case ModelLoading(model=model):
                return replace(
                    self, state="loading", message=message("studio.card_loading", model=model)
                )
            case StepCompleted(done=done, total=total):
                return self._on_step(done, total, now)
            case PreviewReady(png=png):
                return replace(self, preview=png)
            case JobCompleted(png=png, variant=variant):
                return replace(self, state="done", png=png, variant=variant)
            case JobFailed(message=reason):
                return replace(self, state="failed", message=reason)
            case ResultWithheld(reason=reason):
                withheld = message("studio.card_withheld", reason=reason or "")
                return replace(self, state="withheld", preview=None, message=withheld)
            case JobCancelled():
                return replace(self, state="cancelled")

    def _on_step(self, done: int, total: int, now: float) -> "ResultCard":
        """Estimates by the steps after the first, which takes longer."""
        stepped = replace(self, state="step", done=done, total=total)
        if self.started_at is None or done < 2:
            return replace(stepped, started_at=now)
        seconds_per_step = (now - self.started_at) / (done - 1)
        return replace(stepped, eta_seconds=round(seconds_per_step * (total - done)))

    def to_json(self, texts: Texts) -> CardJson:
        """The card for the browser."""
        is_shown = self.state in ("loading", "failed", "withheld")
        card = CardJson(
            state=self.state,
            done=self.done,
            total=self.total,
            seconds_left=(self.eta_seconds or 0) if self.state == "step" else 0,
            text=texts.of(self.message) if is_shown else "",
            preview=to_data_url(self.preview) if self.preview and self.state == "step" else "",
            image="",
            seed="",
            request_seed="",
            seconds=0.0,
            tokens=0,
            notes=[],
            drift=None,
            drift_exceeded=[],
        )
        if self.variant is None:
            return card
        seed, drift = self.variant.seed, self.variant.drift
        return card | {
            "image": image_url(self.variant.image_sha256),
            "seed": str(seed),
            "request_seed": str(request_seed(self.variant.recipe.seed_policy, seed)),
            "seconds": round(self.variant.timings.render_seconds, 1),
            "tokens": self.variant.prompt_tokens,
            "notes": [texts.of(note) for note in self.variant.notes],
            "drift": drift.model_dump() if drift else None,
            "drift_exceeded": list(drift.exceeded) if drift else [],
        }


def run_json(run_id: str, phase: str, cards: Mapping[Slot, ResultCard], texts: Texts) -> RunJson:
    """A run with its `cards`, without what else is known about it."""
    return RunJson(
        id=run_id,
        phase=phase,
        theme="",
        prompt="",
        names=dict.fromkeys(SLOTS, ""),
        cards={slot: card.to_json(texts) for slot, card in cards.items()},
        metrics=[],
        selected_slot="",
        before=0,
    )
