"""What every training run shares: the loop's bookkeeping, EMA, checkpoints, log and sheets."""

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import nn

T = TypeVar("T")


@dataclass(frozen=True)
class TrainingConfig:
    """How one model is trained. `batch` counts pictures (crops for the VAE)."""

    name: str
    steps: int
    batch: int
    learning_rate: float
    seed: int = 1
    ema_decay: float = 0.999
    save_every_seconds: float = 180.0
    sample_every: int = 1000
    noise_bias: float = 1.0
    """Over 1: more of the high noise levels; times are drawn as 1 - u ** lateness."""


class Trainer:
    """One resumable training run in `folder`: checkpoint.pt, log.jsonl, sheets."""

    def __init__(self, folder: Path, plan: TrainingConfig, modules: dict[str, nn.Module]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.plan, self.modules = folder, plan, modules
        trained: list[torch.Tensor] = [
            p for m in modules.values() for p in m.parameters() if p.requires_grad
        ]
        self.parameters = trained
        self.optimizer = torch.optim.AdamW(
            trained, lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
        )
        self.averages = [p.detach().clone() for p in trained]
        self.step = 0
        self.seconds = 0.0
        self._saved_at = self._logged_at = time.monotonic()
        self._losses = _Mean()
        self._restore()

    def generator(self) -> np.random.Generator:
        """The randomness of the current step: the same after a resume."""
        return np.random.default_rng((self.plan.seed, self.step))

    def update(self, loss: torch.Tensor) -> None:
        """One optimiser step on `loss`, with everything that goes with it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        decay = min(self.plan.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, self.parameters, 1 - decay)
        self.step += 1
        self._losses.add(loss.item())
        now = time.monotonic()
        if self.step % 50 == 0:
            self._log(now)
        if now - self._saved_at > self.plan.save_every_seconds:
            self.save()

    def with_ema_weights(self, act: Callable[[], T]) -> T:
        """Runs `act` with the averaged weights in place, then puts the raw ones back."""
        raw = [p.detach().clone() for p in self.parameters]
        self._load(self.averages)
        try:
            with torch.no_grad():
                return act()
        finally:
            self._load(raw)

    @torch.no_grad()
    def _load(self, values: list[torch.Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.copy_(value)

    def save(self) -> None:
        """Writes checkpoint.pt whole or not at all."""
        state = {
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "optimizer": self.optimizer.state_dict(),
            "averages": self.averages,
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.folder / "checkpoint.partial"
        torch.save(state, partial)
        os.replace(partial, self.folder / "checkpoint.pt")
        self._saved_at = time.monotonic()

    def sheet(self, rows: list[list[torch.Tensor]]) -> None:
        """Saves rows of pictures (3, h, w in -1..1) as sheet-<step>.png."""
        strips = [np.concatenate([picture_array(p) for p in row], axis=1) for row in rows]
        Image.fromarray(np.concatenate(strips)).save(self.folder / f"sheet-{self.step:06d}.png")

    @property
    def done(self) -> bool:
        return self.step >= self.plan.steps

    @property
    def samples_due(self) -> bool:
        return self.step % self.plan.sample_every == 0 or self.done

    def _restore(self) -> None:
        file = self.folder / "checkpoint.pt"
        if not file.exists():
            return
        state = torch.load(file, weights_only=True)
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.averages = [value.detach() for value in state["averages"]]
        self.step, self.seconds = state["step"], state["seconds"]

    def _learning_rate(self) -> float:
        """Warm up over 200 steps, then a cosine down to a twentieth."""
        warm = min(1.0, (self.step + 1) / 200)
        share = min(1.0, self.step / self.plan.steps)
        return (
            self.plan.learning_rate * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * share)))
        )

    def _log(self, now: float) -> None:
        elapsed = now - self._logged_at
        self.seconds += elapsed
        self._logged_at = now
        line = {
            "step": self.step,
            "loss": round(self._losses.take(), 5),
            "steps_per_second": round(50 / elapsed, 2),
            "minutes": round(self.seconds / 60, 1),
        }
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


@dataclass
class _Mean:
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        self.values.append(value)

    def take(self) -> float:
        mean = sum(self.values) / max(1, len(self.values))
        self.values.clear()
        return mean


def picture_array(picture: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(3, h, w) in -1..1 to (h, w, 3) bytes."""
    clipped = ((picture.float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return np.asarray(clipped.permute(1, 2, 0).numpy())


def picture_tensor(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> torch.Tensor:
    """(n, h, w, 3) bytes to (n, 3, h, w) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
