"""Notices, which are results and errors in one line; the summary of a run."""

import html
import secrets
from collections.abc import Sequence

from studio.messages import Message, message
from studio.ui.result_cards import ResultCard


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
