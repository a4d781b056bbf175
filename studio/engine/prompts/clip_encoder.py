"""Encodes weighted prompts of any length with a CLIP text encoder, at any of its layers."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from compel import EmbeddingsProvider
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from studio.messages import Message, message
from studio.recipes.generation.prompt_syntax import WeightedFragment, unweighted_text

CHUNK_TOKENS = 75
"""Tokens that the encoder reads at once, without the begin and end tokens."""

ClipTextEncoder: TypeAlias = CLIPTextModel | CLIPTextModelWithProjection


class ClipPromptEncoder:
    """One CLIP tokenizer with its text encoder."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        text_encoder: ClipTextEncoder,
        clip_skip: int,
        apply_final_norm: bool = True,
    ) -> None:
        """Args:
        tokenizer: the encoder's tokenizer.
        text_encoder: the encoder.
        clip_skip: the layer to use, counted from the end; 1 is the last.
        apply_final_norm: whether the final layer norm is applied to that layer, as Stable
            Diffusion 1 and 2 have it. SDXL was trained without.
        """
        self._tokenizer, self._text_encoder = tokenizer, text_encoder
        self._provider = _ClipSkipProvider(tokenizer, text_encoder, clip_skip, apply_final_norm)

    def encode_pair(
        self, positive: Sequence[WeightedFragment], negative: Sequence[WeightedFragment]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`prompt_embeds` and `negative_prompt_embeds`, (1, n x 77, width) each.

        compel encodes them in chunks of 75 tokens without truncation and applies the weights by
        scaling. The shorter one is padded with empty chunks.
        """
        prompt_embeds, negative_prompt_embeds = self._encode(positive), self._encode(negative)
        length = max(prompt_embeds.shape[1], negative_prompt_embeds.shape[1])
        empty_prompt_embeds = self._encode(())
        return (
            _pad_to_length(prompt_embeds, empty_prompt_embeds, length),
            _pad_to_length(negative_prompt_embeds, empty_prompt_embeds, length),
        )

    def encode_pooled(self, fragments: Sequence[WeightedFragment]) -> torch.Tensor:
        """`pooled_prompt_embeds` of the first 75 tokens, without weights; (1, width)."""
        input_ids = self._tokenizer(
            unweighted_text(fragments),
            padding="max_length",
            max_length=77,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        encoded = self._text_encoder(input_ids.to(self._text_encoder.device))
        pooled_prompt_embeds: torch.Tensor = encoded.text_embeds
        return pooled_prompt_embeds

    def _encode(self, fragments: Sequence[WeightedFragment]) -> torch.Tensor:
        """(1, n x 77, width), n being the number of chunks."""
        prompt_embeds: torch.Tensor = self._provider.get_embeddings_for_weighted_prompt_fragments(
            text_batch=[[fragment.text for fragment in fragments] or [""]],
            fragment_weights_batch=[[fragment.weight for fragment in fragments] or [1.0]],
            device=self._text_encoder.device,
        )
        return prompt_embeds


def count_tokens(tokenizer: CLIPTokenizer, fragments: Sequence[WeightedFragment]) -> int:
    """The number of a prompt's tokens, without the begin and end tokens."""
    text = unweighted_text(fragments)
    return len(tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids)


def chunking_note(token_count: int) -> tuple[Message, ...]:
    """A note for a prompt that is longer than one chunk, else none."""
    if token_count <= CHUNK_TOKENS:
        return ()
    return (message("engine.long_prompt", tokens=token_count, window=CHUNK_TOKENS),)


def _pad_to_length(embeds: torch.Tensor, pad_embeds: torch.Tensor, length: int) -> torch.Tensor:
    """Appends whole chunks of padding.

    Shapes: `embeds` (1, n x 77, width), `pad_embeds` (1, 77, width), returns (1, length, width).
    """
    missing_chunks = (length - embeds.shape[1]) // pad_embeds.shape[1]
    return torch.cat([embeds, *[pad_embeds] * missing_chunks], dim=1)


class _ClipSkipProvider(EmbeddingsProvider):  # type: ignore[misc]
    """compel's provider with any clip skip; compel itself supports only the last two layers."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        text_encoder: ClipTextEncoder,
        clip_skip: int,
        apply_final_norm: bool,
    ) -> None:
        super().__init__(
            tokenizer,
            text_encoder,
            truncate=False,
            dtype_for_device_getter=lambda _: text_encoder.dtype,
            device=text_encoder.device,
        )
        self._clip_skip, self._apply_final_norm = clip_skip, apply_final_norm

    def _encode_token_ids_to_embeddings(
        self, token_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Shapes: `token_ids` and `attention_mask` (batch, 77), returns (batch, 77, width)."""
        if self._clip_skip == 1 and self._apply_final_norm:
            last: torch.Tensor = self.text_encoder(token_ids, attention_mask).last_hidden_state
            return last
        encoded = self.text_encoder(token_ids, attention_mask, output_hidden_states=True)
        hidden_states = encoded.hidden_states
        layer: torch.Tensor = hidden_states[-min(self._clip_skip, len(hidden_states) - 1)]
        return self._final_layer_norm(layer) if self._apply_final_norm else layer

    def _final_layer_norm(self, hidden_state: torch.Tensor) -> torch.Tensor:
        """(batch, 77, width), shape unchanged."""
        # transformers 5.6 flattened CLIPTextModel: the norm is on the model itself.
        encoder: Any = self.text_encoder
        norm = getattr(encoder, "text_model", encoder).final_layer_norm
        normalized: torch.Tensor = norm(hidden_state)
        return normalized
