"""How many tokens each recipe's prompt has, as HTML."""

from collections.abc import Mapping

from studio.recipes.themes.preset import Slot
from studio.services.themes.token_counter import CHUNK_TOKENS
from studio.ui.texts import Texts


def render_token_counts(counts: Mapping[Slot, int | None], texts: Texts) -> str:
    """`counts` by recipe, None where no tokenizer can be read.

    CLIP encodes a prompt in chunks of CHUNK_TOKENS; prompts of more than one are marked.
    """
    spans = " ".join(_render(slot, count, texts) for slot, count in counts.items())
    return f'<p class="tokens">{texts("studio.tokens", counts=spans)}</p>'


def _render(slot: Slot, count: int | None, texts: Texts) -> str:
    if count is None:
        return f"<span><b>{slot}</b> {texts('studio.tokens_unknown')}</span>"
    if count <= CHUNK_TOKENS:
        return f"<span><b>{slot}</b> {count}</span>"
    chunks = -(-count // CHUNK_TOKENS)
    text = texts("studio.tokens_in_parts", count=count, parts=chunks)
    return f"<span class=long><b>{slot}</b> {text}</span>"
