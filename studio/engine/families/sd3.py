"""Stable Diffusion 3.5: a transformer in the UNet's place, and three text encoders."""

from collections.abc import Sequence
from typing import cast

from diffusers import StableDiffusion3Img2ImgPipeline
from transformers import CLIPTokenizer

from studio.engine.clip import WINDOW, token_count
from studio.engine.dialect import BaseModel, Dialect, Embeddings
from studio.messages import Message, message
from studio.recipes.promptsyntax import Fragment, plain_text


def speak(
    parts: BaseModel, positive: Sequence[Fragment], negative: Sequence[Fragment], clip_skip: int
) -> Embeddings:
    """By diffusers' own way for this family: T5 reads 256 tokens, CLIP the first 77, and weights
    are left aside, which T5 was never taught."""
    pipe = StableDiffusion3Img2ImgPipeline(**parts.components)
    said, unsaid, whole, whole_unsaid = pipe.encode_prompt(
        prompt=plain_text(positive), prompt_2=None, prompt_3=None,
        negative_prompt=plain_text(negative),
        clip_skip=clip_skip - 1 or None,
    )  # fmt: skip
    tokens = token_count(cast(CLIPTokenizer, parts.components["tokenizer"]), positive)
    notes: list[Message] = []
    if tokens > WINDOW:
        notes.append(message("engine.prompt_cut", tokens=tokens, window=WINDOW))
    if any(fragment.weight != 1.0 for fragment in (*positive, *negative)):
        notes.append(message("engine.word_weights_ignored"))
    return Embeddings(
        {
            "prompt_embeds": said,
            "negative_prompt_embeds": unsaid,
            "pooled_prompt_embeds": whole,
            "negative_pooled_prompt_embeds": whole_unsaid,
        },
        tuple(notes),
        tokens,
    )


SD3 = Dialect(
    plain=StableDiffusion3Img2ImgPipeline,
    # diffusers has ControlNets for this family from noise only, not from a picture.
    controlled=None,
    speak=speak,
    optional=("text_encoder_3", "tokenizer_3", "image_encoder", "feature_extractor"),
    flow=True,
    # Its transformer reads latents in patches of two by two.
    side=16,
)
