"""Stable Diffusion 1.x and 2.x, and the pocket models, which are built alike."""

from collections.abc import Sequence
from typing import cast

from transformers import CLIPTextModel, CLIPTokenizer

from studio.engine.clip import Listener, long_prompt_notes, token_count
from studio.engine.dialect import BaseModel, Dialect, Embeddings
from studio.engine.latent_start import LatentControlNetImg2ImgPipeline, LatentImg2ImgPipeline
from studio.recipes.promptsyntax import Fragment


def speak(
    parts: BaseModel, positive: Sequence[Fragment], negative: Sequence[Fragment], clip_skip: int
) -> Embeddings:
    tokenizer = cast(CLIPTokenizer, parts.components["tokenizer"])
    encoder = cast(CLIPTextModel, parts.components["text_encoder"])
    said, unsaid = Listener(tokenizer, encoder, clip_skip).both(positive, negative)
    heard = {"prompt_embeds": said, "negative_prompt_embeds": unsaid}
    tokens = token_count(tokenizer, positive)
    return Embeddings(heard, long_prompt_notes(tokens), tokens)


STABLE_DIFFUSION = Dialect(
    plain=LatentImg2ImgPipeline,
    controlled=LatentControlNetImg2ImgPipeline,
    speak=speak,
    extras={"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False},
    halved=("prompt_embeds",),
)
