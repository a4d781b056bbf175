"""Lays exported models into a work folder as finished stages, so that later ones can be trained."""

import shutil
from pathlib import Path

from training.dataset import CONTROLS
from training.export import LORAS
from training.styles import STYLES


def import_models(folder: Path, work: Path) -> None:
    """The reverse of `export.export_finished`; stages already in `work` stay as they are."""
    for style in STYLES:
        model = folder / "checkpoints" / f"pocket-{style}"
        _copy(model / "unet", work / f"base-{style}", "unet")
        _copy(model / "unet", work / "base", "unet")
        _copy(model / "vae", work / "vae", "")
        _copy(model / "text_encoder", work / "text", "text_encoder", done=False)
        _copy(model / "tokenizer", work / "text", "tokenizer")
    for name in CONTROLS:
        _copy(
            folder / "controlnets" / f"pocket-{name}",
            work / "control",
            name,
            done=name == CONTROLS[-1],
        )
    for name in LORAS:
        stage = work / f"lora-{name}"
        if not (stage / "done").exists():
            (stage / "final").mkdir(parents=True)
            shutil.copyfile(
                folder / "loras" / f"pocket-{name}.safetensors",
                stage / "final" / f"{name}.safetensors",
            )
            (stage / "done").touch()


def _copy(source: Path, stage: Path, part: str, done: bool = True) -> None:
    if not (stage / "done").exists():
        shutil.copytree(source, stage / "final" / part, dirs_exist_ok=True)
        if done:
            (stage / "done").touch()
