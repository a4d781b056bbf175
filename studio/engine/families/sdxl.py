"""Stable Diffusion XL: two text encoders, heard one layer before their last, and a summary."""

from collections.abc import Sequence
from typing import cast

import torch
from diffusers import StableDiffusionXLControlNetImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from studio.engine.families.base import LoadedBaseModel, ModelFamilySpec, PromptEmbeddings
from studio.engine.prompts.clip_encoder import ClipPromptEncoder, chunking_note, count_tokens
from studio.recipes.generation.prompt_syntax import WeightedFragment

LAYER = 2
"""SDXL was taught on the layer before the last; a clip skip of 1 means this one too."""


def speak(
    parts: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> PromptEmbeddings:
    """An empty negative prompt is all zeros, as SDXL was taught (and A1111 has it)."""
    skip = max(LAYER, clip_skip)
    listeners = [
        ClipPromptEncoder(
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
    heard = [listener.encode_pair(positive, negative) for listener in listeners]
    said, unsaid = (torch.cat(side, dim=-1) for side in zip(*heard, strict=True))
    whole, whole_unsaid = (listeners[1].encode_pooled(side) for side in (positive, negative))
    if not any(fragment.text.strip() for fragment in negative):
        unsaid, whole_unsaid = torch.zeros_like(unsaid), torch.zeros_like(whole_unsaid)
    tokens = count_tokens(cast(CLIPTokenizer, parts.components["tokenizer"]), positive)
    return PromptEmbeddings(
        {
            "prompt_embeds": said,
            "negative_prompt_embeds": unsaid,
            "pooled_prompt_embeds": whole,
            "negative_pooled_prompt_embeds": whole_unsaid,
        },
        chunking_note(tokens),
        tokens,
    )


SDXL = ModelFamilySpec(
    img2img_pipeline=StableDiffusionXLImg2ImgPipeline,
    controlnet_pipeline=StableDiffusionXLControlNetImg2ImgPipeline,
    encode_prompts=speak,
    pipeline_kwargs={"add_watermarker": False},
    cfg_batched_tensors=("prompt_embeds", "add_text_embeds", "add_time_ids"),
    may_upcast_vae=True,
)
