"""The bundled configurations for single files match the published models."""

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from studio.engine.loading.bundled_configs import BundledConfigs
from studio.models.types import ModelFamily
from studio.settings import bundled_path

CONFIG_DIR = bundled_path("assets") / "configurations"

PUBLISHED_PARAMETERS = {
    "sd15": {
        "unet": 859_520_964, "vae": 83_653_863, "controlnet": 361_279_120,
        "text_encoder": 123_060_480,
    },
    "sd21": {
        "unet": 865_910_724, "vae": 83_653_863, "controlnet": 364_228_240,
        "text_encoder": 340_387_840,
    },
    "sdxl": {
        "unet": 2_567_463_684, "vae": 83_653_863, "controlnet": 1_251_014_160,
        "text_encoder": 123_060_480, "text_encoder_2": 694_659_840,
    },
}  # fmt: skip
"""Parameter counts on the published model cards, embeddings included."""
MODULE_CLASSES = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "controlnet": ControlNetModel}


@pytest.mark.parametrize(
    ("family", "part"),
    [(family, part) for family, parts in PUBLISHED_PARAMETERS.items() for part in parts],
)
def test_module_has_the_published_parameter_count(family: str, part: str) -> None:
    with torch.device("meta"):
        module = build_module(family, part)
    assert (
        sum(weight.numel() for weight in module.parameters()) == PUBLISHED_PARAMETERS[family][part]
    )


def build_module(family: str, part: str) -> Any:
    directory = CONFIG_DIR / family / part
    if part in MODULE_CLASSES:
        return MODULE_CLASSES[part].from_config(MODULE_CLASSES[part].load_config(directory))
    config = CLIPTextConfig.from_pretrained(directory)
    return (CLIPTextModelWithProjection if part == "text_encoder_2" else CLIPTextModel)(config)


CLIP_IDS = {
    "a photo of a cat": [320, 1125, 539, 320, 2368],
    "A Photo  of a CAT": [320, 1125, 539, 320, 2368],
    "hello world!": [3306, 1002, 256],
}
"""Token ids by OpenAI's own tokenizer."""


@pytest.mark.parametrize(("text", "ids"), CLIP_IDS.items())
def test_tokenizer_gives_the_token_ids_of_openai_clip(text: str, ids: list[int]) -> None:
    tokenizer = BundledConfigs(CONFIG_DIR).make_tokenizers("sd15")["tokenizer"]
    assert tokenizer(text).input_ids == [49406, *ids, 49407]
    assert len(tokenizer) == 49408


@pytest.mark.parametrize(
    ("family", "name", "pad_token_id"),
    [("sd15", "tokenizer", 49407), ("sd21", "tokenizer", 0), ("sdxl", "tokenizer_2", 0)],
)
def test_tokenizer_pads_with_the_pad_token_of_its_encoder(
    family: ModelFamily, name: str, pad_token_id: int
) -> None:
    tokenizer = BundledConfigs(CONFIG_DIR).make_tokenizers(family)[name]
    assert tokenizer("", padding="max_length").input_ids == [49406, 49407] + [pad_token_id] * 75
