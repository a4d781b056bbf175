"""Notices, which are results and errors in one line; the summary and quality metrics of a run."""

import html
import secrets
from collections.abc import Sequence

from studio.messages import Message, message
from studio.recipes.evaluation.reports import QualityMetrics
from studio.ui.result_cards import ResultCard
from studio.ui.texts import Texts


def run_summary(cards: Sequence[ResultCard]) -> Message:
    """How a run ended: all variants done, some failed, or cancelled."""
    done = [card for card in cards if card.state == "done"]
    if len(done) == len(cards):
        seconds = sum(card.variant.timings.render_seconds for card in done if card.variant)
        return message("studio.run_done", seconds=f"{seconds:.1f}")
    failed = [card.slot for card in cards if card.state == "failed"]
    if failed:
        return message("studio.run_failed", done=len(done), slots=failed)
    return message("studio.run_stopped", done=len(done))


def render_quality_metrics(metrics: QualityMetrics, of_seeds: float | None, texts: Texts) -> str:
    """The color error from the doodle and the diversity of the four variants, as HTML.

    `of_seeds` is the diversity of recipe A over seeds alone, None where no regression report has it.
    """
    from_doodle = "–" if metrics.color_error is None else f"{metrics.color_error:.1f}"
    items = [
        texts("studio.metrics_color_error", distance=from_doodle),
        texts("studio.metrics_diversity", distance=f"{metrics.diversity:.1f}"),
    ]
    if of_seeds is not None:
        items.append(texts("studio.metrics_seed_diversity", distance=f"{of_seeds:.1f}"))
    about = html.escape(texts("studio.metrics_about"))
    spans = "".join(f"<span>{item}</span>" for item in items)
    return f'<p class="quality-metrics" title="{about}">{spans}</p>'


def render_notice(text: str, role: str, more: str = "") -> str:
    """A notice as HTML. `role` is "error" or "status"; `more` is a second sentence after `text`.

    Every notice has a random mark, by which `studio/web/studio/notices.js` knows a repeated one as new.
    """
    kind = "alert" if role == "error" else "status"
    second = f" <span>{html.escape(more)}</span>" if more else ""
    first = f"<span>{html.escape(text)}</span>" if more else html.escape(text)
    mark = secrets.token_hex(4)
    return (
        f'<div class="notice notice-{role}" role="{kind}" data-mark="{mark}">{first}{second}</div>'
    )
