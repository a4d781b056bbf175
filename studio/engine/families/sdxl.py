"""Stable Diffusion XL: two text encoders, heard one layer before their last, and a summary."""

from collections.abc import Sequence
from typing import cast

import torch
from diffusers import StableDiffusionXLControlNetImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from studio.engine.clip import Listener, long_prompt_notes, token_count
from studio.engine.dialect import BaseModel, Dialect, Embeddings
from studio.recipes.promptsyntax import Fragment

LAYER = 2
"""SDXL was taught on the layer before the last; a clip skip of 1 means this one too."""


def speak(
    parts: BaseModel, positive: Sequence[Fragment], negative: Sequence[Fragment], clip_skip: int
) -> Embeddings:
    """An empty negative prompt is all zeros, as SDXL was taught (and A1111 has it)."""
    skip = max(LAYER, clip_skip)
    listeners = [
        Listener(
            cast(CLIPTokenizer, parts.components[f"tokenizer{end}"]),
            cast(
                CLIPTextModel | CLIPTextModelWithProjection,
                parts.components[f"text_encoder{end}"],
            ),
            skip,
            normed=False,
        )
        for end in ("", "_2")
    ]
    heard = [listener.both(positive, negative) for listener in listeners]
    said, unsaid = (torch.cat(side, dim=-1) for side in zip(*heard, strict=True))
    whole, whole_unsaid = (listeners[1].pooled(side) for side in (positive, negative))
    if not any(fragment.text.strip() for fragment in negative):
        unsaid, whole_unsaid = torch.zeros_like(unsaid), torch.zeros_like(whole_unsaid)
    tokens = token_count(cast(CLIPTokenizer, parts.components["tokenizer"]), positive)
    return Embeddings(
        {
            "prompt_embeds": said,
            "negative_prompt_embeds": unsaid,
            "pooled_prompt_embeds": whole,
            "negative_pooled_prompt_embeds": whole_unsaid,
        },
        long_prompt_notes(tokens),
        tokens,
    )


SDXL = Dialect(
    plain=StableDiffusionXLImg2ImgPipeline,
    controlled=StableDiffusionXLControlNetImg2ImgPipeline,
    speak=speak,
    extras={"add_watermarker": False},
    halved=("prompt_embeds", "add_text_embeds", "add_time_ids"),
    careful_vae=True,
)
