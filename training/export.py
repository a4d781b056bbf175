"""Writes finished models out as the product ships them: fp16 safetensors, diffusers folders."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer

from training import train_lcm_lora
from training.architectures import new_schedule
from training.dataset import CONTROLS
from training.lora_effects import EFFECTS
from training.styles import STYLES

LORAS = (*EFFECTS, train_lcm_lora.NAME)


def export_finished(work: Path, folder: Path) -> None:
    """Every finished model that is not in `folder` yet; both base models have the same text encoder
    and VAE. A base model is there first as the one taught on both styles, then as its own."""
    for style in STYLES:
        for source in (f"base-{style}", "base"):
            if (work / source / "done").exists():
                _export_base_model(work, work / source, folder / "checkpoints" / f"pocket-{style}")
                break
    for name in CONTROLS:
        target = folder / "controlnets" / f"pocket-{name}"
        if (work / "control" / "done").exists() and not target.exists():
            net = ControlNetModel.from_pretrained(work / "control" / "final" / name)
            net.to(torch.float16).save_pretrained(_emptied(target))
    for name in LORAS:
        file = work / f"lora-{name}" / "final" / f"{name}.safetensors"
        if file.exists():
            (folder / "loras").mkdir(parents=True, exist_ok=True)
            save_file(
                load_file(file), folder / "loras" / f"pocket-{name}.safetensors", _lora_words(name)
            )
    for config in [*folder.rglob("*config.json"), *folder.rglob("model_index.json")]:
        _strip_paths(config)


def _export_base_model(work: Path, source: Path, target: Path) -> None:
    stamp = target.with_suffix(".source")
    if stamp.exists() and stamp.read_text() == source.name:
        return
    final = work / "text" / "final"
    StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(work / "vae" / "final").to(torch.float16),
        text_encoder=CLIPTextModel.from_pretrained(final / "text_encoder").to(torch.float16),
        tokenizer=CLIPTokenizer.from_pretrained(final / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(source / "final" / "unet").to(torch.float16),
        scheduler=new_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(_emptied(target))
    stamp.write_text(source.name)


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
