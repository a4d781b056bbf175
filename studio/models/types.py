"""What the library knows of a model: its kind, family, name, files and hash."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio.recipes.generation.recipe import ModelType

DIR_BY_TYPE: dict[ModelType, str] = {
    "checkpoint": "checkpoints",
    "controlnet": "controlnets",
    "lora": "loras",
    "vae": "vaes",
    "detector": "detectors",
}
"""Where each kind lies inside the studio's own models folder."""
TYPE_BY_DIR: dict[str, ModelType] = {
    "checkpoints": "checkpoint",
    "stable-diffusion": "checkpoint",
    "diffusers": "checkpoint",
    "controlnets": "controlnet",
    "controlnet": "controlnet",
    "loras": "lora",
    "lora": "lora",
    "vaes": "vae",
    "vae": "vae",
    "detectors": "detector",
}
"""Folder names, in lower case, under which the studio, A1111 and ComfyUI keep each kind."""

ModelFamily = Literal["pocket", "sd15", "sd21", "sdxl", "sd3", "unknown"]
Prediction = Literal["epsilon", "v_prediction"]
"""What a denoiser was taught to tell: the noise, or the velocity (Salimans and Ho, 2022)."""

FAMILY_BY_CROSS_ATTENTION_DIM: dict[int, ModelFamily] = {
    128: "pocket",
    768: "sd15",
    1024: "sd21",
    2048: "sdxl",
}
"""A base model's or ControlNet's family, by the `cross_attention_dim` it was built for."""


@dataclass(frozen=True)
class ModelInfo:
    """One model on disk: a diffusers folder, or a single safetensors file.

    `triggers` are the words that call for a LoRA and `prediction` what a single-file base model
    predicts, where their makers wrote them down.
    """

    kind: ModelType
    name: str
    family: ModelFamily
    path: Path
    size_bytes: int
    sha256: str
    trigger_words: tuple[str, ...] = ()
    prediction_type: Prediction | None = None
