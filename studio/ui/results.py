"""The four result cards: what is known of each variant, as HTML."""

import html
from dataclasses import dataclass, replace

from studio.recipes.events import (
    Done,
    Elsewhere,
    Event,
    Failed,
    Loading,
    Preview,
    Queued,
    Started,
    Step,
    Stopped,
    Withheld,
)
from studio.recipes.preset import Letter
from studio.recipes.remembering import request_seed
from studio.recipes.request import Variant
from studio.ui.components import png_url


@dataclass(frozen=True)
class Card:
    """One variant as the page shows it. `state` is one of the event kinds, or idle.

    `began` is when its first step was done, and `left` how many seconds the others should take.
    """

    letter: Letter
    state: str = "idle"
    done: int = 0
    total: int = 0
    began: float | None = None
    left: int | None = None
    message: str = ""
    preview: bytes | None = None
    png: bytes | None = None
    variant: Variant | None = None

    def after(self, event: Event, now: float = 0.0) -> "Card":  # noqa: PLR0911 - one a kind
        """The card as `event` leaves it, heard of `now` (seconds of any one clock)."""
        match event:
            case Queued() | Elsewhere():
                return Card(self.letter, "queued")
            case Started():
                return replace(self, state="started")
            case Loading(model=model):
                return replace(self, state="loading", message=f"Loading {model}")
            case Step(done=done, total=total):
                return self._stepped(done, total, now)
            case Preview(png=png):
                return replace(self, preview=png)
            case Done(png=png, variant=variant):
                return replace(self, state="done", png=png, variant=variant)
            case Failed(message=message):
                return replace(self, state="failed", message=str(message))
            case Withheld(reason=reason):
                return replace(self, state="failed", preview=None, message=f"Withheld: {reason}")
            case Stopped():
                return replace(self, state="cancelled")

    def _stepped(self, done: int, total: int, now: float) -> "Card":
        stepped = replace(self, state="step", done=done, total=total)
        if self.began is None or done < 2:
            return replace(stepped, began=now)
        pace = (now - self.began) / (done - 1)
        return replace(stepped, left=round(pace * (total - done)))

    def html(self) -> str:
        body = self._picture() if self.png and self.variant else self._placeholder()
        seed = (
            f' data-seed="{request_seed(self.variant.recipe.seed_rule, self.variant.seed)}"'
            if self.variant
            else ""
        )
        return (
            f'<article class="card card-{self.state}" data-state="{self.state}"'
            f' data-letter="{self.letter}"{seed}>{body}</article>'
        )

    def _picture(self) -> str:
        variant = self.variant
        if variant is None or self.png is None:
            return ""
        url = png_url(self.png)
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in variant.notes)
        return (
            f'<button type="button" class="open" data-use="open" title="Look closer, compare">'
            f'<img src="{url}" alt="Variant {self.letter}"></button>'
            f'<footer><b class="letter">{self.letter}</b>'
            f'<span class="meta">seed {variant.seed} · {variant.tokens} tokens'
            f" · {variant.timings.render:.1f} s</span>"
            f'<button type="button" data-use="seed" title="Use this seed">Seed</button>'
            f'<button type="button" data-use="start" title="Lay it on the canvas, to start from it">'
            f"Start</button>"
            f'<a href="{url}" download="variant-{self.letter}-{variant.seed}.png"'
            f' title="Download {self.letter}">Download</a></footer>'
            + (f'<ul class="notes">{notes}</ul>' if notes else "")
        )

    def _so_far(self) -> str:
        if self.preview is None or self.state != "step":
            return ""
        return f'<img class="preview" src="{png_url(self.preview)}" alt="">'

    def _placeholder(self) -> str:
        percent = round(100 * self.done / self.total) if self.total else 0
        text = {
            "idle": "",
            "queued": "Waiting",
            "started": "Starting",
            "loading": html.escape(self.message),
            "step": f"Step {self.done} of {self.total}",
            "failed": html.escape(self.message),
            "cancelled": "Stopped",
        }.get(self.state, "")
        left = (
            f"<small>about {self.left} s left</small>" if self.state == "step" and self.left else ""
        )
        bar = ""
        if self.state in ("queued", "started", "loading", "step"):
            bar = (
                f'<div class="bar" role="progressbar" aria-label="Variant {self.letter}"'
                f' aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}">'
                f'<i style="width:{percent}%"></i></div>'
            )
        role = ' role="alert"' if self.state == "failed" else ""
        return (
            f'<div class="blank">{self._so_far()}<span class="big">{self.letter}</span>'
            f"<p{role}>{text}</p>{left}{bar}</div>"
        )
