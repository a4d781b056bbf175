"""The four result cards: what is known of each variant, as HTML."""

import html
from dataclasses import dataclass, replace

from studio.messages import Message, message
from studio.recipes.generation.events import (
    Elsewhere,
    Event,
    Failed,
    JobCancelled,
    JobCompleted,
    ModelLoading,
    PreviewReady,
    Queued,
    ResultWithheld,
    Started,
    StepCompleted,
)
from studio.recipes.generation.job import Variant
from studio.recipes.generation.png_info import request_seed
from studio.recipes.themes.preset import Slot
from studio.ui.components import to_data_url
from studio.ui.texts import Texts


@dataclass(frozen=True)
class ResultCard:
    """One variant as the page shows it. `state` is one of the event kinds, or idle.

    `began` is when its first step was done, and `left` how many seconds the others should take.
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
        """The card as `event` leaves it, heard of `now` (seconds of any one clock)."""
        match event:
            case Queued() | Elsewhere():
                return ResultCard(self.slot, "queued")
            case Started():
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
            case Failed(message=reason):
                return replace(self, state="failed", message=reason)
            case ResultWithheld(reason=reason):
                withheld = message("studio.card_withheld", reason=reason or "")
                return replace(self, state="failed", preview=None, message=withheld)
            case JobCancelled():
                return replace(self, state="cancelled")

    def _on_step(self, done: int, total: int, now: float) -> "ResultCard":
        stepped = replace(self, state="step", done=done, total=total)
        if self.started_at is None or done < 2:
            return replace(stepped, started_at=now)
        pace = (now - self.started_at) / (done - 1)
        return replace(stepped, eta_seconds=round(pace * (total - done)))

    def render(self, texts: Texts) -> str:
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
            f'<button type="button" class="open" data-use="open" title="{texts("studio.card_open")}">'
            f'<img src="{url}" alt="{texts("studio.variant", slot=self.slot)}"></button>'
            f'<footer><b class="slot">{self.slot}</b><span class="meta">{meta}</span>'
            f'<button type="button" data-use="seed" title="{texts("studio.card_use_seed")}">'
            f"{texts('studio.card_seed')}</button>"
            f'<button type="button" data-use="start" title="{texts("studio.card_lay")}">'
            f"{texts('studio.card_start')}</button>"
            f'<a href="{url}" download="variant-{self.slot}-{variant.seed}.png"'
            f' title="{texts("studio.card_download", slot=self.slot)}">'
            f"{texts('page.download')}</a></footer>"
            + (f'<ul class="notes">{notes}</ul>' if notes else "")
        )

    def _render_preview(self) -> str:
        if self.preview is None or self.state != "step":
            return ""
        return f'<img class="preview" src="{to_data_url(self.preview)}" alt="">'

    def _placeholder(self, texts: Texts) -> str:
        percent = round(100 * self.done / self.total) if self.total else 0
        text = {
            "idle": "",
            "queued": texts("studio.card_waiting"),
            "started": texts("studio.card_starting"),
            "loading": html.escape(texts.of(self.message)),
            "step": texts("studio.card_step", done=self.done, total=self.total),
            "failed": html.escape(texts.of(self.message)),
            "cancelled": texts("studio.card_stopped"),
        }.get(self.state, "")
        left = ""
        if self.state == "step" and self.eta_seconds:
            left = f"<small>{texts('studio.card_left', seconds=self.eta_seconds)}</small>"
        bar = ""
        if self.state in ("queued", "started", "loading", "step"):
            bar = (
                f'<div class="bar" role="progressbar"'
                f' aria-label="{texts("studio.variant", slot=self.slot)}"'
                f' aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}">'
                f'<i style="width:{percent}%"></i></div>'
            )
        role = ' role="alert"' if self.state == "failed" else ""
        return (
            f'<div class="blank">{self._render_preview()}<span class="big">{self.slot}</span>'
            f"<p{role}>{text}</p>{left}{bar}</div>"
        )
