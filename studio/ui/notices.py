"""What the page says in one line: how a run ended, what went well, what did not."""

import html
from collections.abc import Sequence

from studio.ui.results import Card


def ending(cards: Sequence[Card]) -> str:
    done = [card for card in cards if card.state == "done"]
    if len(done) == len(cards):
        return f"Four variants in {sum(c.variant.timings.render for c in done if c.variant):.1f} s."
    failed = [card.letter for card in cards if card.state == "failed"]
    if failed:
        return f"{len(done)} of 4 variants made; {', '.join(failed)} failed, as the card says."
    return f"Stopped with {len(done)} of 4 variants made."


def notice(text: str, role: str) -> str:
    kind = "alert" if role == "error" else "status"
    return f'<div class="notice notice-{role}" role="{kind}">{html.escape(text)}</div>'
