"""Prompts as a CLIP text encoder hears them: weighted, of any length, from any of its layers."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from compel import EmbeddingsProvider
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from studio.messages import Message, message
from studio.recipes.generation.prompt_syntax import WeightedFragment, unweighted_text

CHUNK_TOKENS = 75
"""Tokens an encoder reads at once, beside the two marks around them."""

Encoder: TypeAlias = CLIPTextModel | CLIPTextModelWithProjection


class ClipPromptEncoder:
    """One tokenizer and text encoder, heard at the layer `skip` from the end (1: the last).

    `normed` puts the encoder's closing norm on that layer, as Stable Diffusion 1 and 2 have it;
    SDXL was taught on the bare layer.
    """

    def __init__(
        self, tokenizer: CLIPTokenizer, encoder: Encoder, skip: int, normed: bool = True
    ) -> None:
        self._tokenizer, self._encoder = tokenizer, encoder
        self._provider = _ClipSkipProvider(tokenizer, encoder, skip, normed)

    def encode_pair(
        self, positive: Sequence[WeightedFragment], negative: Sequence[WeightedFragment]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Both prompts by compel, (1, n x 77, width) each: chunks of 75 tokens, weights by scaling,
        none of it cut off, the shorter one filled up with silence."""
        spoken, unspoken = self._encode(positive), self._encode(negative)
        length = max(spoken.shape[1], unspoken.shape[1])
        silence = self._encode(())
        return _pad_to_length(spoken, silence, length), _pad_to_length(unspoken, silence, length)

    def encode_pooled(self, fragments: Sequence[WeightedFragment]) -> torch.Tensor:
        """What the encoder makes of the first 75 tokens as a whole, weights left aside: (1, width)."""
        ids = self._tokenizer(
            unweighted_text(fragments),
            padding="max_length",
            max_length=77,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        heard: torch.Tensor = self._encoder(ids.to(self._encoder.device)).text_embeds
        return heard

    def _encode(self, fragments: Sequence[WeightedFragment]) -> torch.Tensor:
        spoken: torch.Tensor = self._provider.get_embeddings_for_weighted_prompt_fragments(
            text_batch=[[fragment.text for fragment in fragments] or [""]],
            fragment_weights_batch=[[fragment.weight for fragment in fragments] or [1.0]],
            device=self._encoder.device,
        )
        return spoken


def count_tokens(tokenizer: CLIPTokenizer, fragments: Sequence[WeightedFragment]) -> int:
    """How many tokens a prompt takes, without those that begin and end it."""
    text = unweighted_text(fragments)
    return len(tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids)


def chunking_note(tokens: int) -> tuple[Message, ...]:
    """A note for prompts that are read in parts."""
    if tokens <= CHUNK_TOKENS:
        return ()
    return (message("engine.long_prompt", tokens=tokens, window=CHUNK_TOKENS),)


def _pad_to_length(spoken: torch.Tensor, silence: torch.Tensor, length: int) -> torch.Tensor:
    """Whole windows of silence after what was said, up to `length` tokens."""
    missing = (length - spoken.shape[1]) // silence.shape[1]
    return torch.cat([spoken, *[silence] * missing], dim=1)


class _ClipSkipProvider(EmbeddingsProvider):  # type: ignore[misc]
    """compel's provider, reading any layer from the end; compel itself knows the last two."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: Encoder, skip: int, normed: bool) -> None:
        super().__init__(
            tokenizer,
            encoder,
            truncate=False,
            dtype_for_device_getter=lambda _: encoder.dtype,
            device=encoder.device,
        )
        self._skip, self._normed = skip, normed

    def _encode_token_ids_to_embeddings(
        self, token_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        if self._skip == 1 and self._normed:
            last: torch.Tensor = self.text_encoder(token_ids, attention_mask).last_hidden_state
            return last
        heard = self.text_encoder(token_ids, attention_mask, output_hidden_states=True)
        layer: torch.Tensor = heard.hidden_states[-min(self._skip, len(heard.hidden_states) - 1)]
        return self._final_layer_norm(layer) if self._normed else layer

    def _final_layer_norm(self, layer: torch.Tensor) -> torch.Tensor:
        # transformers 5.6 flattened CLIPTextModel: the norm is on the model itself.
        encoder: Any = self.text_encoder
        normed: torch.Tensor = getattr(encoder, "text_model", encoder).final_layer_norm(layer)
        return normed
