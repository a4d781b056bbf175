"""Notices, which are results and errors in one line; the summary and quality metrics of a run."""

import html
import secrets
from collections.abc import Sequence

from studio.messages import Message, message
from studio.recipes.evaluation.reports import QualityMetrics
from studio.ui.result_cards import MetricJson, ResultCard

GOOD_COLOR_ERROR, MEDIUM_COLOR_ERROR = 12.0, 20.0
"""Color errors (CIEDE2000) below which a doodle's colors are kept well, or in part."""
GOOD_DIVERSITY, MEDIUM_DIVERSITY = 15.0, 6.0
"""Distances between the four images (CIEDE2000) above which they differ clearly, or somewhat. The studio's
text `studio.metric_about_diversity` names them, as `studio.metric_about_color_error` does the ones above."""


def run_summary(cards: Sequence[ResultCard]) -> Message:
    """How a run ended: all variants done, some failed, or cancelled."""
    done = [card for card in cards if card.state == "done"]
    if len(done) == len(cards):
        seconds = sum(card.variant.timings.render_seconds for card in done if card.variant)
        return message("studio.run_done", seconds=f"{seconds:.1f}")
    failed = [card.slot for card in cards if card.state in ("failed", "withheld")]
    if failed:
        return message("studio.run_failed", done=len(done), slots=failed)
    return message("studio.run_stopped", done=len(done))


def metric_list(metrics: QualityMetrics, of_seeds: float | None) -> list[MetricJson]:
    """The metrics of a run for the browser: those that are known, with their levels.

    `of_seeds` is the diversity of recipe A over seeds alone, None where no regression report has it.
    """
    found = []
    if metrics.color_error is not None:
        level = _level(-metrics.color_error, -MEDIUM_COLOR_ERROR, -GOOD_COLOR_ERROR)
        found.append(MetricJson(name="color_error", value=metrics.color_error, level=level))
    level = _level(metrics.diversity, MEDIUM_DIVERSITY, GOOD_DIVERSITY)
    found.append(MetricJson(name="diversity", value=metrics.diversity, level=level))
    if of_seeds is not None:
        found.append(MetricJson(name="seed_diversity", value=of_seeds, level=""))
    return found


def _level(value: float, medium: float, good: float) -> str:
    if value > good:
        return "good"
    return "medium" if value > medium else "low"


def render_notice(text: str, role: str, more: str = "") -> str:
    """A notice as HTML; `more` is a second sentence after `text`.

    `role` is "error", "status", or "done" for what the results show as well: it is for screen readers alone.

    Every notice has a random mark, by which `studio/web/studio/notices.js` knows a repeated one as new.
    """
    kind = "alert" if role == "error" else "status"
    second = f" <span>{html.escape(more)}</span>" if more else ""
    first = f"<span>{html.escape(text)}</span>" if more else html.escape(text)
    mark = secrets.token_hex(4)
    return (
        f'<div class="notice notice-{role}" role="{kind}" data-mark="{mark}">{first}{second}</div>'
    )
