"""Trains the complete pocket family within a number of minutes, and exports what is finished."""

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from training.lora_effects import EFFECTS
from training.runtime import Runtime
from training.scene_store import DataFolder
from training.styles import STYLES
from training.trainer import TrainingConfig

if TYPE_CHECKING:
    from training.dataset import LatentDataset, SceneDataset

SHARES = {
    "text": 0.03,
    "vae": 0.22,
    "base": 0.30,
    **{f"base-{style}": 0.08 for style in STYLES},
    "control": 0.16,
    **{f"lora-{name}": 0.02 for name in EFFECTS},
    "lora-few-step": 0.03,
    "evaluator": 0.04,
}
"""Of the time that is for training."""
OVERHEAD = 0.05
"""Of all time, kept back for what comes after the last stage's training."""
STAGES = tuple(SHARES)


@dataclass(frozen=True)
class Plan:
    """How long, and how much of everything; `steps` bounds each stage, for tests."""

    minutes: float
    scenes: int = 20_000
    effect_scenes: int = 768
    captions: int = 24_000
    steps: int = 1_000_000
    workers: int = 2
    latent_channels: int = 8
    first_scenes: int = 1024
    """Training of the VAE waits for so many scenes."""

    def data(self, folder: Path) -> DataFolder:
        return DataFolder(folder, self.scenes, self.effect_scenes, self.captions)


def start_drawing(plan: Plan, folder: Path) -> subprocess.Popen[bytes]:
    """Draws the data in a process of its own, beside the trainer."""
    command = [
        sys.executable,
        "-m",
        "training",
        "draw",
        "--folder",
        str(folder),
        "--scenes",
        str(plan.scenes),
        "--effect-scenes",
        str(plan.effect_scenes),
        "--captions",
        str(plan.captions),
        "--workers",
        str(plan.workers),
    ]
    return subprocess.Popen(command, start_new_session=True)


def train_all(plan: Plan, runtime: Runtime, work: Path, data_folder: Path, out: Path) -> None:
    """Runs every stage that is not finished, and exports to `out` after each.

    Raises RuntimeError at the end when stages failed.
    """
    from training.export import export_finished

    began, failed = time.monotonic(), list[str]()
    drawing = start_drawing(plan, data_folder)
    try:
        family = _Family(plan, runtime, work, data_folder)
        for stage in STAGES:
            if (work / stage / "done").exists():
                continue
            left = plan.minutes * 60 * (1 - OVERHEAD) - (time.monotonic() - began)
            todo = sum(
                share
                for name, share in SHARES.items()
                if name not in failed and not (work / name / "done").exists()
            )
            seconds = max(1.0, left * SHARES[stage] / todo)
            at = time.monotonic()
            try:
                family.train(stage, seconds)
            except Exception:
                # What does not need this stage is trained all the same; exported is what is done.
                failed.append(stage)
                traceback.print_exc()
                continue
            (work / stage / "done").touch()
            export_finished(work, out)
            print(
                f"{stage}: {time.monotonic() - at:.0f} s (of {seconds:.0f}), {family.scenes} scenes,"
                f" {time.monotonic() - began:.0f} s in all",
                flush=True,
            )
    finally:
        with suppress(ProcessLookupError):
            os.killpg(drawing.pid, signal.SIGTERM)
        drawing.wait()
    if failed:
        raise RuntimeError(f"these stages failed: {', '.join(failed)}")


class _Family:
    """The stages, with the data they share on the device."""

    def __init__(self, plan: Plan, runtime: Runtime, work: Path, data_folder: Path) -> None:
        from training.dataset import LatentDataset, SceneDataset

        self._plan, self._runtime, self._work = plan, runtime, work
        self._data = plan.data(data_folder)
        self._images: SceneDataset | None = None
        self._latents: LatentDataset | None = None

    @property
    def scenes(self) -> int:
        return self._images.filled if self._images else 0

    def train(self, stage: str, seconds: float) -> None:
        """Trains one of STAGES for about `seconds`."""
        from training import (
            evaluator_network,
            train_base_model,
            train_controlnets,
            train_lcm_lora,
            train_loras,
            train_text_encoder,
            train_vae,
        )

        work, runtime = self._work, self._runtime

        def config(rate: float, ema: float = 0.999) -> TrainingConfig:
            interval = max(1, min(50 if runtime.cuda else 5, self._plan.steps // 4))
            return TrainingConfig(
                stage,
                self._plan.steps,
                rate,
                seconds,
                ema_decay=ema,
                interval=interval,
                # CLIP's masks are made on the host.
                graph=stage != "text",
            )

        if stage == "text":
            _wait(self._data.captions_file.exists, "captions")
            rate = train_text_encoder.LEARNING_RATE
            train_text_encoder.train(work, runtime, self._data.captions_file, config(rate))
        elif stage == "vae":
            train_vae.train(
                work,
                runtime,
                self._scenes(),
                config(train_vae.LEARNING_RATE),
                self._plan.latent_channels,
            )
        elif stage == "base":
            rate = train_base_model.LEARNING_RATE
            train_base_model.train(work, runtime, self._encoded(), config(rate))
        elif stage.startswith("base-"):
            rate, style = train_base_model.STYLE_LEARNING_RATE, stage.removeprefix("base-")
            train_base_model.train(work, runtime, self._encoded(), config(rate), (style,), "base")
        elif stage == "control":
            rate = train_controlnets.LEARNING_RATE
            train_controlnets.train(work, runtime, self._encoded(), config(rate))
        elif stage == "lora-few-step":
            rate = train_lcm_lora.LEARNING_RATE
            train_lcm_lora.train(work, runtime, self._encoded(), config(rate, 0.99))
        elif stage == "evaluator":
            rate = evaluator_network.LEARNING_RATE
            evaluator_network.train(work, runtime, self._scenes(), config(rate, 0.99))
        else:
            name = stage.removeprefix("lora-")
            rate = train_loras.LEARNING_RATE
            train_loras.train(work, runtime, self._effect(name), config(rate, 0.99), name)

    def _scenes(self) -> "SceneDataset":
        from training.dataset import SceneDataset

        if self._images is None:
            store = self._data.main
            _wait(
                lambda: len(store.done()) * 32 >= min(self._plan.first_scenes, store.count),
                "scenes",
            )
            self._images = SceneDataset(store, self._runtime)
        self._images.refresh(1_000_000 if self._images.filled == 0 else 64)
        return self._images

    def _encoded(self) -> "LatentDataset":
        from training.dataset import LatentDataset, Models

        if self._latents is None:
            self._latents = LatentDataset(self._scenes(), Models.load(self._work, self._runtime))
        return self._latents

    def _effect(self, name: str) -> "LatentDataset":
        from training.dataset import LatentDataset, SceneDataset

        store = self._data.effect(name)
        _wait(lambda: len(store.done()) == len(store.chunks), name)
        scenes = SceneDataset(store, self._runtime)
        scenes.refresh(1_000_000)
        return LatentDataset(scenes, self._encoded().models)


def _wait(ready: Callable[[], bool], what: str, most_seconds: float = 3600) -> None:
    """Waits for data that is being drawn. Raises TimeoutError."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > most_seconds:
            raise TimeoutError(f"{what} are still not drawn after {most_seconds:.0f} s")
        time.sleep(0.2)
