"""What the catalog knows of a model: type, family, name, files and hash."""

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
    "ip_adapter": "ip_adapters",
    "image_encoder": "image_encoders",
}
"""Subdirectory of each model type in the studio's own models directory."""
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
    "ip_adapters": "ip_adapter",
    "ipadapter": "ip_adapter",
    "image_encoders": "image_encoder",
}
"""Model types by the directory names (in lower case) of the studio, A1111 and ComfyUI."""

ModelFamily = Literal["pocket", "sd15", "sd21", "sdxl", "sd3", "vitpose", "segformer", "unknown"]
"""Architecture of a base model, and of the LoRAs and ControlNets that fit it; or of a detector."""
Prediction = Literal["epsilon", "v_prediction"]
"""What a denoiser was trained to predict: the noise, or the velocity (Salimans and Ho, 2022)."""

FAMILY_BY_CROSS_ATTENTION_DIM: dict[int, ModelFamily] = {
    128: "pocket",
    768: "sd15",
    1024: "sd21",
    2048: "sdxl",
}
"""Family of a base model, ControlNet or IP-Adapter, by its `cross_attention_dim`."""


@dataclass(frozen=True)
class ListedModel:
    """A model as its headers and configuration describe it: known at once, as its hash is not.

    Attributes:
        sha256: None until it is computed.
        For the rest see `ModelInfo`.
    """

    kind: ModelType
    name: str
    family: ModelFamily
    path: Path
    size_bytes: int
    sha256: str | None = None
    trigger_words: tuple[str, ...] = ()
    prediction_type: Prediction | None = None


@dataclass(frozen=True)
class ModelInfo:
    """One model on disk: a diffusers directory, or a single safetensors file.

    Attributes:
        size_bytes: size of the files that are loaded.
        sha256: one hash over all weight files.
        trigger_words: of a LoRA, where its metadata contains them.
        prediction_type: of a single-file base model, where it is known.
    """

    kind: ModelType
    name: str
    family: ModelFamily
    path: Path
    size_bytes: int
    sha256: str
    trigger_words: tuple[str, ...] = ()
    prediction_type: Prediction | None = None
