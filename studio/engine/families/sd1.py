"""Stable Diffusion 1.x and 2.x, and the pocket models, which have the same architecture."""

from collections.abc import Sequence
from typing import cast

from transformers import CLIPTextModel, CLIPTokenizer

from studio.engine.diffusion.latent_start import (
    LatentControlNetImg2ImgPipeline,
    LatentImg2ImgPipeline,
)
from studio.engine.families.base import LoadedBaseModel, ModelFamilySpec, PromptEmbeddings
from studio.engine.prompts.clip_encoder import ClipPromptEncoder, chunking_note, count_tokens
from studio.recipes.generation.prompt_syntax import WeightedFragment


def encode_prompts(
    base_model: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> PromptEmbeddings:
    """Encodes both prompts by the one CLIP text encoder, (1, n x 77, width) each."""
    tokenizer = cast(CLIPTokenizer, base_model.components["tokenizer"])
    text_encoder = cast(CLIPTextModel, base_model.components["text_encoder"])
    encoder = ClipPromptEncoder(tokenizer, text_encoder, clip_skip)
    prompt_embeds, negative_prompt_embeds = encoder.encode_pair(positive, negative)
    token_count = count_tokens(tokenizer, positive)
    return PromptEmbeddings(
        {"prompt_embeds": prompt_embeds, "negative_prompt_embeds": negative_prompt_embeds},
        chunking_note(token_count),
        token_count,
    )


STABLE_DIFFUSION = ModelFamilySpec(
    img2img_pipeline=LatentImg2ImgPipeline,
    controlnet_pipeline=LatentControlNetImg2ImgPipeline,
    encode_prompts=encode_prompts,
    pipeline_kwargs={
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    },
    cfg_batched_tensors=("prompt_embeds",),
    takes_references=True,
)
