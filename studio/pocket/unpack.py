"""Lays the shipped models into a work folder as finished runs, to be taught further."""

import shutil
from pathlib import Path

import torch
from diffusers import ControlNetModel, StableDiffusionPipeline

from studio.pocket.brushwork import STYLES
from studio.pocket.courses import DRAWING
from studio.pocket.export import LORAS
from studio.pocket.latents import CONTROLS


def unpack_models(folder: Path, work: Path) -> None:
    """The reverse of `export.write_models`, in fp32 again; runs already in `work` stay."""
    for style in STYLES:
        place = DRAWING[style].finished(work)
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
