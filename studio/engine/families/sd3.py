"""Stable Diffusion 3.5: a transformer in the UNet's place, and three text encoders."""

from collections.abc import Sequence
from typing import cast

from diffusers import StableDiffusion3Img2ImgPipeline
from transformers import CLIPTokenizer

from studio.engine.families.base import LoadedBaseModel, ModelFamilySpec, PromptEmbeddings
from studio.engine.prompts.clip_encoder import CHUNK_TOKENS, count_tokens
from studio.messages import Message, message
from studio.recipes.generation.prompt_syntax import WeightedFragment, unweighted_text


def speak(
    parts: LoadedBaseModel,
    positive: Sequence[WeightedFragment],
    negative: Sequence[WeightedFragment],
    clip_skip: int,
) -> PromptEmbeddings:
    """By diffusers' own way for this family: T5 reads 256 tokens, CLIP the first 77, and weights
    are left aside, which T5 was never taught."""
    pipe = StableDiffusion3Img2ImgPipeline(**parts.components)
    said, unsaid, whole, whole_unsaid = pipe.encode_prompt(
        prompt=unweighted_text(positive), prompt_2=None, prompt_3=None,
        negative_prompt=unweighted_text(negative),
        clip_skip=clip_skip - 1 or None,
    )  # fmt: skip
    tokens = count_tokens(cast(CLIPTokenizer, parts.components["tokenizer"]), positive)
    notes: list[Message] = []
    if tokens > CHUNK_TOKENS:
        notes.append(message("engine.prompt_cut", tokens=tokens, window=CHUNK_TOKENS))
    if any(fragment.weight != 1.0 for fragment in (*positive, *negative)):
        notes.append(message("engine.word_weights_ignored"))
    return PromptEmbeddings(
        {
            "prompt_embeds": said,
            "negative_prompt_embeds": unsaid,
            "pooled_prompt_embeds": whole,
            "negative_pooled_prompt_embeds": whole_unsaid,
        },
        tuple(notes),
        tokens,
    )


SD3 = ModelFamilySpec(
    img2img_pipeline=StableDiffusion3Img2ImgPipeline,
    # diffusers has ControlNets for this family from noise only, not from a picture.
    controlnet_pipeline=None,
    encode_prompts=speak,
    optional_components=("text_encoder_3", "tokenizer_3", "image_encoder", "feature_extractor"),
    is_flow_matching=True,
    # Its transformer reads latents in patches of two by two.
    side=16,
)
