"""Stable Diffusion 3.5: a transformer in place of the UNet, and three text encoders."""

from collections.abc import Sequence
from typing import cast

from diffusers import StableDiffusion3Img2ImgPipeline
from transformers import CLIPTokenizer

from studio.engine.families.base import (
    POOLED_EMBEDDING_NAMES,
    LoadedBaseModel,
    ModelFamilySpec,
    PromptEmbeddings,
)
from studio.engine.prompts.clip_encoder import CHUNK_TOKENS, count_tokens
from studio.messages import Message, message
from studio.recipes.generation.prompt_syntax import WeightedFragment, unweighted_text


def encode_prompts(
    base_model: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> PromptEmbeddings:
    """Encodes both prompts by diffusers' own method for this family.

    T5 reads 256 tokens, the CLIP encoders the first 77. Prompt weights are ignored: T5 was not
    trained for them. Shapes: (1, tokens, width), pooled (1, width).
    """
    pipe = StableDiffusion3Img2ImgPipeline(**base_model.components)
    embeddings = pipe.encode_prompt(
        prompt=unweighted_text(positive),
        prompt_2=None,
        prompt_3=None,
        negative_prompt=unweighted_text(negative),
        clip_skip=clip_skip - 1 or None,
    )
    tensors = dict(zip(POOLED_EMBEDDING_NAMES, embeddings, strict=True))
    token_count = count_tokens(cast(CLIPTokenizer, base_model.components["tokenizer"]), positive)
    return PromptEmbeddings(tensors, _notes(token_count, [*positive, *negative]), token_count)


def _notes(token_count: int, fragments: Sequence[WeightedFragment]) -> tuple[Message, ...]:
    """Notes about what of the prompts is ignored."""
    notes: list[Message] = []
    if token_count > CHUNK_TOKENS:
        notes.append(message("engine.prompt_cut", tokens=token_count, window=CHUNK_TOKENS))
    if any(fragment.weight != 1.0 for fragment in fragments):
        notes.append(message("engine.word_weights_ignored"))
    return tuple(notes)


SD3 = ModelFamilySpec(
    img2img_pipeline=StableDiffusion3Img2ImgPipeline,
    # diffusers has text-to-image ControlNets for this family, but no image-to-image ones.
    controlnet_pipeline=None,
    encode_prompts=encode_prompts,
    optional_components=("text_encoder_3", "tokenizer_3", "image_encoder", "feature_extractor"),
    is_flow_matching=True,
    # The VAE's factor 8 times the transformer's patch size 2.
    size_multiple=16,
)
