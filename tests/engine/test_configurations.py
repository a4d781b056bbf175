"""The configurations that ship for single files are those of the published models."""

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from studio.engine.loading.bundled_configs import BundledConfigs
from studio.models.types import ModelFamily
from studio.settings import bundled_path

FOLDER = bundled_path("assets") / "configurations"

PUBLISHED = {
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
"""Parameters of the models on their makers' cards, embeddings included."""
KINDS = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "controlnet": ControlNetModel}


@pytest.mark.parametrize(
    ("family", "part"), [(family, part) for family, parts in PUBLISHED.items() for part in parts]
)
def test_each_module_has_its_published_size(family: str, part: str) -> None:
    with torch.device("meta"):
        module = built(family, part)
    assert sum(weights.numel() for weights in module.parameters()) == PUBLISHED[family][part]


def built(family: str, part: str) -> Any:
    place = FOLDER / family / part
    if part in KINDS:
        return KINDS[part].from_config(KINDS[part].load_config(place))
    config = CLIPTextConfig.from_pretrained(place)
    return (CLIPTextModelWithProjection if part == "text_encoder_2" else CLIPTextModel)(config)


CLIP_IDS = {
    "a photo of a cat": [320, 1125, 539, 320, 2368],
    "A Photo  of a CAT": [320, 1125, 539, 320, 2368],
    "hello world!": [3306, 1002, 256],
}
"""What OpenAI's own tokenizer makes of these."""


@pytest.mark.parametrize(("text", "ids"), CLIP_IDS.items())
def test_the_tokenizer_is_clips(text: str, ids: list[int]) -> None:
    tokenizer = BundledConfigs(FOLDER).make_tokenizers("sd15")["tokenizer"]
    assert tokenizer(text).input_ids == [49406, *ids, 49407]
    assert len(tokenizer) == 49408


@pytest.mark.parametrize(
    ("family", "name", "filler"),
    [("sd15", "tokenizer", 49407), ("sd21", "tokenizer", 0), ("sdxl", "tokenizer_2", 0)],
)
def test_prompts_are_filled_up_as_each_encoder_was_taught(
    family: ModelFamily, name: str, filler: int
) -> None:
    tokenizer = BundledConfigs(FOLDER).make_tokenizers(family)[name]
    assert tokenizer("", padding="max_length").input_ids == [49406, 49407] + [filler] * 75
