"""Stable Diffusion XL: two CLIP text encoders at their penultimate layers, and a pooled embedding."""

from collections.abc import Sequence
from typing import cast

import torch
from diffusers import StableDiffusionXLControlNetImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from studio.engine.families.base import (
    POOLED_EMBEDDING_NAMES,
    LoadedBaseModel,
    ModelFamilySpec,
    PromptEmbeddings,
)
from studio.engine.prompts.clip_encoder import ClipPromptEncoder, chunking_note, count_tokens
from studio.recipes.generation.prompt_syntax import WeightedFragment

MIN_CLIP_SKIP = 2
"""SDXL was trained on the penultimate layer; a clip skip of 1 means this layer, too."""


def encode_prompts(
    base_model: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> PromptEmbeddings:
    """Encodes both prompts; an empty negative prompt is all zeros, as in SDXL's training and A1111.

    Shapes: (1, n x 77, sum of both encoders' widths), pooled (1, width of the second encoder).
    """
    embeddings = _encode(base_model, positive, negative, clip_skip)
    token_count = count_tokens(cast(CLIPTokenizer, base_model.components["tokenizer"]), positive)
    tensors = dict(zip(POOLED_EMBEDDING_NAMES, embeddings, strict=True))
    return PromptEmbeddings(tensors, chunking_note(token_count), token_count)


def _encode(
    base_model: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The embeddings in the order of `POOLED_EMBEDDING_NAMES`, with the shapes of `encode_prompts`."""
    encoders = [_encoder(base_model, suffix, clip_skip) for suffix in ("", "_2")]
    pairs = [encoder.encode_pair(positive, negative) for encoder in encoders]
    prompt_embeds, negative_prompt_embeds = (
        torch.cat(embeds, dim=-1) for embeds in zip(*pairs, strict=True)
    )
    pooled_prompt_embeds, negative_pooled_prompt_embeds = (
        encoders[1].encode_pooled(prompt) for prompt in (positive, negative)
    )
    if not any(fragment.text.strip() for fragment in negative):
        negative_prompt_embeds = torch.zeros_like(negative_prompt_embeds)
        negative_pooled_prompt_embeds = torch.zeros_like(negative_pooled_prompt_embeds)
    return (
        prompt_embeds,
        negative_prompt_embeds,
        pooled_prompt_embeds,
        negative_pooled_prompt_embeds,
    )


def _encoder(base_model: LoadedBaseModel, suffix: str, clip_skip: int) -> ClipPromptEncoder:
    """The encoder of the components whose names end in `suffix`."""
    return ClipPromptEncoder(
        cast(CLIPTokenizer, base_model.components[f"tokenizer{suffix}"]),
        cast(
            CLIPTextModel | CLIPTextModelWithProjection,
            base_model.components[f"text_encoder{suffix}"],
        ),
        clip_skip=max(MIN_CLIP_SKIP, clip_skip),
        apply_final_norm=False,
    )


SDXL = ModelFamilySpec(
    img2img_pipeline=StableDiffusionXLImg2ImgPipeline,
    controlnet_pipeline=StableDiffusionXLControlNetImg2ImgPipeline,
    encode_prompts=encode_prompts,
    pipeline_kwargs={"add_watermarker": False},
    cfg_batched_tensors=("prompt_embeds", "add_text_embeds", "add_time_ids"),
    takes_references=True,
    may_upcast_vae=True,
)
