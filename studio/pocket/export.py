"""Writes finished models out as the product ships them: fp16 safetensors, diffusers folders."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import ControlNetModel, StableDiffusionPipeline

BASE_MODEL = "pocket-ink"
CONTROLNETS = {"scribble": "pocket-scribble", "pose": "pocket-pose"}


def write_models(work: Path, folder: Path) -> None:
    base = folder / "checkpoints" / BASE_MODEL
    _clear(base)
    StableDiffusionPipeline.from_pretrained(
        work / "base" / "final", dtype=torch.float16, safety_checker=None
    ).save_pretrained(base)
    for name, shipped_as in CONTROLNETS.items():
        place = folder / "controlnets" / shipped_as
        _clear(place)
        ControlNetModel.from_pretrained(
            work / "control" / "final" / name, dtype=torch.float16
        ).save_pretrained(place)
    for config in [*folder.rglob("*config.json"), *folder.rglob("model_index.json")]:
        _forget_paths(config)


def _clear(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _forget_paths(config: Path) -> None:
    """Configurations remember where they were loaded from; that place is nobody's business."""
    document = json.loads(config.read_text())
    if document.pop("_name_or_path", None) is not None:
        config.write_text(json.dumps(document, indent=2) + "\n")
