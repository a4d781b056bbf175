"""What the page says in one line: how a run ended, what went well, what did not."""

import html
import secrets
from collections.abc import Sequence

from studio.errors import StudioError
from studio.recipes.reports import Looks
from studio.ui.failures import told
from studio.ui.results import Card


def ending(cards: Sequence[Card]) -> str:
    done = [card for card in cards if card.state == "done"]
    if len(done) == len(cards):
        return f"Four variants in {sum(c.variant.timings.render for c in done if c.variant):.1f} s."
    failed = [card.letter for card in cards if card.state == "failed"]
    if failed:
        return f"{len(done)} of 4 variants made; {', '.join(failed)} failed, as the card says."
    return f"Stopped with {len(done)} of 4 variants made."


def looks_html(looks: Looks, of_seeds: float | None) -> str:
    """How like the doodle the four are, and how unlike one another; `of_seeds` is what seeds of
    recipe A alone differ by."""
    likeness = "–" if looks.likeness is None else f"{looks.likeness:.1f}"
    seeds = "" if of_seeds is None else f"<span>Seeds of A alone: {of_seeds:.1f}</span>"
    return (
        '<p class="looks" title="CIEDE2000: below 12 the colours are the doodle\'s; the higher the'
        f' diversity, the more there is to choose from"><span>From the doodle: {likeness}</span>'
        f"<span>Diversity of the four: {looks.diversity:.1f}</span>{seeds}</p>"
    )


def notice(text: str, role: str, more: str = "") -> str:
    """`role` is "error" or "status"; `more` is a sentence of its own behind `text`.

    Each has a mark of its own, so that the browser sees it come again (`messages.js`).
    """
    kind = "alert" if role == "error" else "status"
    second = f" <span>{html.escape(more)}</span>" if more else ""
    first = f"<span>{html.escape(text)}</span>" if more else html.escape(text)
    mark = secrets.token_hex(4)
    return (
        f'<div class="notice notice-{role}" role="{kind}" data-mark="{mark}">{first}{second}</div>'
    )


def error_notice(error: StudioError, more: str = "") -> str:
    """An error's line, without what belongs in the log alone; `more` is a sentence of its own."""
    return notice(str(told(error)) + ("." if more else ""), "error", more)
