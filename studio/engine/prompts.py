"""Prompts as a text encoder hears them: weighted, of any length, with layers skipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from compel import EmbeddingsProvider
from transformers import CLIPTextModel, CLIPTokenizer

from studio.recipes.promptsyntax import Fragment


@dataclass(frozen=True)
class Embeddings:
    """What the UNet is told: (1, n x 77, width) each, `negative` of `positive`'s length."""

    positive: torch.Tensor
    negative: torch.Tensor

    @property
    def bytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@torch.no_grad()
def encode(
    tokenizer: CLIPTokenizer,
    encoder: CLIPTextModel,
    positive: Sequence[Fragment],
    negative: Sequence[Fragment],
    clip_skip: int = 1,
) -> Embeddings:
    """Both prompts by compel: chunks of 75 tokens, weights by scaling, none of it cut off.

    `clip_skip` counts from the end as A1111 does: 1 is the encoder's last layer.
    """
    provider = _Layered(tokenizer, encoder, clip_skip)
    spoken, unspoken = (_embedded(provider, side) for side in (positive, negative))
    length = max(spoken.shape[1], unspoken.shape[1])
    silence = _embedded(provider, ())
    return Embeddings(_padded(spoken, silence, length), _padded(unspoken, silence, length))


def count_tokens(tokenizer: CLIPTokenizer, text: str) -> int:
    """How many tokens a text takes, without the marks around it."""
    ids = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
    return len(ids)


def _embedded(provider: EmbeddingsProvider, fragments: Sequence[Fragment]) -> torch.Tensor:
    spoken: torch.Tensor = provider.get_embeddings_for_weighted_prompt_fragments(
        text_batch=[[fragment.text for fragment in fragments] or [""]],
        fragment_weights_batch=[[fragment.weight for fragment in fragments] or [1.0]],
        device=provider.text_encoder.device,
    )
    return spoken


def _padded(spoken: torch.Tensor, silence: torch.Tensor, length: int) -> torch.Tensor:
    """Whole windows of silence after what was said, up to `length` tokens."""
    missing = (length - spoken.shape[1]) // silence.shape[1]
    return torch.cat([spoken, *[silence] * missing], dim=1)


class _Layered(EmbeddingsProvider):  # type: ignore[misc]
    """compel's provider, reading any layer from the end; compel itself knows the last two."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel, clip_skip: int) -> None:
        super().__init__(
            tokenizer,
            encoder,
            truncate=False,
            dtype_for_device_getter=lambda _: encoder.dtype,
            device=encoder.device,
        )
        self._clip_skip = clip_skip

    def _encode_token_ids_to_embeddings(
        self, token_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        if self._clip_skip == 1:
            last: torch.Tensor = self.text_encoder(token_ids, attention_mask).last_hidden_state
            return last
        seen = self.text_encoder(token_ids, attention_mask, output_hidden_states=True)
        layer = seen.hidden_states[-min(self._clip_skip, len(seen.hidden_states) - 1)]
        # transformers 5.6 flattened CLIPTextModel: the norm is on the model itself.
        encoder: Any = self.text_encoder
        norm = getattr(encoder, "text_model", encoder).final_layer_norm
        skipped: torch.Tensor = norm(layer)
        return skipped
