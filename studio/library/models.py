"""What the library knows of a model: its kind, family, name, files and hash."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio.recipes.recipe import ModelKind

FOLDERS: dict[ModelKind, str] = {
    "checkpoint": "checkpoints",
    "controlnet": "controlnets",
    "lora": "loras",
    "vae": "vaes",
}
"""Where each kind lies inside a models folder."""

Family = Literal["pocket", "sd15", "sd21", "sdxl", "unknown"]
FAMILY_BY_TEXT_WIDTH: dict[int, Family] = {128: "pocket", 768: "sd15", 1024: "sd21", 2048: "sdxl"}
"""A base model's or ControlNet's family, by the `cross_attention_dim` it was built for."""


@dataclass(frozen=True)
class Model:
    """One model on disk: a diffusers folder, or a single safetensors file for a LoRA."""

    kind: ModelKind
    name: str
    family: Family
    path: Path
    bytes: int
    sha256: str
