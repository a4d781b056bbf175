"""The result cards: the state of each job, or its finished variant, as HTML."""

import html
from dataclasses import dataclass, replace

from studio.messages import Message, message
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
from studio.recipes.themes.preset import Slot
from studio.ui.components import to_data_url
from studio.ui.texts import Texts


@dataclass(frozen=True)
class ResultCard:
    """The card of a slot.

    `state` is idle, queued, started, loading, step, done, failed or cancelled. `done` of `total` steps are
    rendered. `started_at` is when the first step was done (seconds of the caller's clock), and
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
                return replace(self, state="failed", preview=None, message=withheld)
            case JobCancelled():
                return replace(self, state="cancelled")

    def _on_step(self, done: int, total: int, now: float) -> "ResultCard":
        """Estimates by the steps after the first, which takes longer."""
        stepped = replace(self, state="step", done=done, total=total)
        if self.started_at is None or done < 2:
            return replace(stepped, started_at=now)
        seconds_per_step = (now - self.started_at) / (done - 1)
        return replace(stepped, eta_seconds=round(seconds_per_step * (total - done)))

    def render(self, texts: Texts) -> str:
        """The card as HTML. `studio/web/components/compare-dialog.js` handles its buttons."""
        body = self._image(texts) if self.png and self.variant else self._placeholder(texts)
        seed = (
            f' data-seed="{request_seed(self.variant.recipe.seed_policy, self.variant.seed)}"'
            if self.variant
            else ""
        )
        return (
            f'<article class="card card-{self.state}" data-state="{self.state}"'
            f' data-slot="{self.slot}"{seed}>{body}</article>'
        )

    def _image(self, texts: Texts) -> str:
        variant = self.variant
        if variant is None or self.png is None:
            return ""
        url = to_data_url(self.png)
        notes = "".join(f"<li>{html.escape(texts.of(note))}</li>" for note in variant.notes)
        meta = texts(
            "studio.card_meta",
            seed=str(variant.seed),
            tokens=variant.prompt_tokens,
            seconds=f"{variant.timings.render_seconds:.1f}",
        )
        return (
            f'<button type="button" class="open" data-action="compare" title="{texts("studio.card_open")}">'
            f'<img src="{url}" alt="{texts("studio.variant", slot=self.slot)}"></button>'
            f'<footer><b class="slot">{self.slot}</b><span class="meta">{meta}</span>'
            f'<button type="button" data-action="use-seed" title="{texts("studio.card_use_seed")}">'
            f"{texts('studio.card_seed_value')}</button>"
            f'<button type="button" data-action="use-as-doodle" title="{texts("studio.card_edit_on_canvas")}">'
            f"{texts('studio.card_canvas')}</button>"
            f'<a href="{url}" download="variant-{self.slot}-{variant.seed}.png"'
            f' title="{texts("studio.card_download", slot=self.slot)}">'
            f"{texts('page.download')}</a></footer>"
            + (f'<ul class="notes">{notes}</ul>' if notes else "")
        )

    def _placeholder(self, texts: Texts) -> str:
        """The card without its variant: state, preview, progress and remaining time."""
        text = {
            "queued": texts("studio.card_waiting"),
            "started": texts("studio.card_starting"),
            "loading": html.escape(texts.of(self.message)),
            "step": texts("studio.card_step", done=self.done, total=self.total),
            "failed": html.escape(texts.of(self.message)),
            "cancelled": texts("studio.card_stopped"),
        }.get(self.state, "")
        preview = eta = ""
        if self.state == "step" and self.preview is not None:
            preview = f'<img class="preview" src="{to_data_url(self.preview)}" alt="">'
        if self.state == "step" and self.eta_seconds:
            eta = f"<small>{texts('studio.card_left', seconds=self.eta_seconds)}</small>"
        role = ' role="alert"' if self.state == "failed" else ""
        return (
            f'<div class="placeholder">{preview}<span class="card-slot">{self.slot}</span>'
            f"<p{role}>{text}</p>{eta}{self._progress_bar(texts)}</div>"
        )

    def _progress_bar(self, texts: Texts) -> str:
        if self.state not in ("queued", "started", "loading", "step"):
            return ""
        return progress_bar(self.done, self.total, texts("studio.variant", slot=self.slot))


def progress_bar(done: int, total: int, label: str) -> str:
    """A progress bar as HTML: `done` of `total`, or 0 % while `total` is 0."""
    percent = round(100 * done / total) if total else 0
    return (
        f'<div class="bar" role="progressbar" aria-label="{label}" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
    )
