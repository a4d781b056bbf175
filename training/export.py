"""Writes finished models out as the product ships them: fp16 safetensors, diffusers folders."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import ControlNetModel, StableDiffusionPipeline
from safetensors.torch import load_file, save_file

from training import train_lcm_lora
from training.dataset import CONTROLS
from training.lora_effects import EFFECTS
from training.styles import STYLES
from training.training_stages import final_path

LORAS = (*EFFECTS, train_lcm_lora.NAME)


def write_models(work: Path, folder: Path) -> None:
    """Every finished model; the text encoder's and VAE's files are the same in both bases."""
    for style in STYLES:
        place = _emptied(folder / "checkpoints" / f"pocket-{style}")
        StableDiffusionPipeline.from_pretrained(
            final_path(work, style), dtype=torch.float16, safety_checker=None
        ).save_pretrained(place)
    for name in CONTROLS:
        place = _emptied(folder / "controlnets" / f"pocket-{name}")
        ControlNetModel.from_pretrained(
            work / "control" / "final" / name, dtype=torch.float16
        ).save_pretrained(place)
    loras = _emptied(folder / "loras")
    for name in LORAS:
        weights = load_file(work / f"lora-{name}" / "final" / f"{name}.safetensors")
        save_file(weights, loras / f"pocket-{name}.safetensors", _lora_words(name))
    for config in [*folder.rglob("*config.json"), *folder.rglob("model_index.json")]:
        _strip_paths(config)


def _lora_words(name: str) -> dict[str, str]:
    """Metadata in which the library finds a LoRA's trigger words (modelspec's name for them)."""
    effect = EFFECTS.get(name)
    return {"format": "pt"} | ({"modelspec.trigger_phrase": effect.trigger} if effect else {})


def _emptied(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _strip_paths(config: Path) -> None:
    """Configurations remember where they were loaded from; that place is nobody's business."""
    document = json.loads(config.read_text())
    if document.pop("_name_or_path", None) is not None:
        config.write_text(json.dumps(document, indent=2) + "\n")
