"""Lays the shipped models into a work folder as finished runs, to be taught further."""

import shutil
from pathlib import Path

import torch
from diffusers import ControlNetModel, StableDiffusionPipeline

from training.dataset import CONTROLS
from training.export import LORAS
from training.styles import STYLES
from training.training_stages import DRAWING_STAGES


def unpack_models(folder: Path, work: Path) -> None:
    """The reverse of `export.write_models`, in fp32 again; runs already in `work` stay."""
    for style in STYLES:
        place = DRAWING_STAGES[style].final_path(work)
        if not place.exists():
            shipped = folder / "checkpoints" / f"pocket-{style}"
            pipe = StableDiffusionPipeline.from_pretrained(shipped, dtype=torch.float32)
            pipe.save_pretrained(place)
            if not (work / "vae").exists():
                pipe.vae.save_pretrained(work / "vae" / "final")
    for name in CONTROLS:
        place = work / "control" / "final" / name
        if not place.exists():
            shipped = folder / "controlnets" / f"pocket-{name}"
            ControlNetModel.from_pretrained(shipped, dtype=torch.float32).save_pretrained(place)
    for name in LORAS:
        place = work / f"lora-{name}" / "final" / f"{name}.safetensors"
        if not place.exists():
            place.parent.mkdir(parents=True)
            shutil.copyfile(folder / "loras" / f"pocket-{name}.safetensors", place)
