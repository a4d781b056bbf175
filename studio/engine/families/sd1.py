"""Stable Diffusion 1.x and 2.x, and the pocket models, which are built alike."""

from collections.abc import Sequence
from typing import cast

from diffusers import StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline
from transformers import CLIPTextModel, CLIPTokenizer

from studio.engine.families.base import LoadedBaseModel, ModelFamilySpec, PromptEmbeddings
from studio.engine.prompts.clip_encoder import ClipPromptEncoder, chunking_note, count_tokens
from studio.recipes.generation.prompt_syntax import WeightedFragment


def speak(
    parts: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> PromptEmbeddings:
    tokenizer = cast(CLIPTokenizer, parts.components["tokenizer"])
    encoder = cast(CLIPTextModel, parts.components["text_encoder"])
    said, unsaid = ClipPromptEncoder(tokenizer, encoder, clip_skip).encode_pair(positive, negative)
    heard = {"prompt_embeds": said, "negative_prompt_embeds": unsaid}
    tokens = count_tokens(tokenizer, positive)
    return PromptEmbeddings(heard, chunking_note(tokens), tokens)


STABLE_DIFFUSION = ModelFamilySpec(
    img2img_pipeline=StableDiffusionImg2ImgPipeline,
    controlnet_pipeline=StableDiffusionControlNetImg2ImgPipeline,
    encode_prompts=speak,
    pipeline_kwargs={
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    },
    cfg_batched_tensors=("prompt_embeds",),
)
