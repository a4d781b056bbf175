"""What every training run shares: the loop, EMA, checkpoints, log and sample sheets.

On CUDA a whole step (sampling of the batch, forward, backward, optimizer, EMA) is one CUDA graph,
so the host only replays it and waits for the device once per `interval` steps.
"""

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from training.runtime import Runtime

LossFunction = Callable[[], torch.Tensor]

WARM_UP_STEPS = 200
GRAPH_WARM_UP = 3
"""Eager steps before a CUDA graph is captured; they train as all others do."""


@dataclass(frozen=True)
class TrainingConfig:
    """How one model is trained: until `seconds` or `steps` are over, whichever comes first."""

    name: str
    steps: int
    learning_rate: float
    seconds: float = math.inf
    seed: int = 1
    ema_decay: float = 0.999
    interval: int = 50
    """Steps between two looks at the loss, the clock and new data."""
    save_every_seconds: float = 180.0
    graph: bool = True
    """Whether a step can be captured: nothing in it may wait for the device."""


class Trainer:
    """One resumable training run in `folder`: checkpoint.pt, log.jsonl, sample sheets."""

    def __init__(
        self, folder: Path, config: TrainingConfig, modules: dict[str, nn.Module], runtime: Runtime
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config, self.modules, self.runtime = folder, config, modules, runtime
        self.parameters: list[torch.Tensor] = [
            p for m in modules.values() for p in m.parameters() if p.requires_grad
        ]
        # The optimizer updates float32; bfloat16 weights are copies of its values.
        self.masters = [
            p if p.dtype == torch.float32 else p.detach().float().clone() for p in self.parameters
        ]
        self._rate = torch.tensor(config.learning_rate, device=runtime.device)
        self.optimizer = torch.optim.AdamW(
            self.masters,
            lr=self._rate if runtime.cuda else config.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=1e-4,
            fused=True,
            capturable=runtime.cuda,
        )
        self.averages = [p.detach().clone() for p in self.masters]
        self._average_share = torch.tensor(1.0, device=runtime.device)
        self._loss_sum = torch.zeros((), device=runtime.device)
        self.step = 0
        self.seconds = 0.0
        self._restore()
        torch.manual_seed(config.seed * 1_000_003 + self.step)

    @property
    def progress(self) -> float:
        """From 0 to 1, by steps or time."""
        return min(1.0, max(self.step / self.config.steps, self.seconds / self.config.seconds))

    @property
    def done(self) -> bool:
        return self.progress >= 1.0

    def run(
        self,
        loss: LossFunction,
        until: float = 1.0,
        on_interval: Callable[[], object] | None = None,
    ) -> None:
        """Trains on `loss`, which draws its own batch on the device, up to a progress of `until`.

        `on_interval` is called once per `interval` steps, between steps.
        """
        if self.progress >= until:
            return
        self._set_rates()
        started = saved = time.monotonic()
        advance, begun = self._step_function(loss), self.step
        while self.progress < until:
            self._set_rates()
            first = self.step
            while self.step - first < self.config.interval and self.step < self.config.steps:
                advance()
                self.step += 1
            mean = float(self._loss_sum) / max(1, self.step - begun)
            self._loss_sum.zero_()
            now = time.monotonic()
            self._log(mean, self.step - begun, now - started)
            started, begun = now, self.step
            if not math.isfinite(mean):
                raise FloatingPointError(f"{self.config.name}: loss {mean} at step {self.step}")
            if on_interval is not None:
                on_interval()
            if now - saved > self.config.save_every_seconds:
                self.save()
                saved = now

    def finish(self, save: Callable[[], object], show: Callable[[], object] | None = None) -> None:
        """Ends the run: the averaged weights take their places, in float32 for `save`, then in the
        device's dtype for `show`. Without gradients."""
        self.save()
        with torch.no_grad():
            for module in self.modules.values():
                module.float()
            for parameter, value in zip(self.parameters, self.averages, strict=True):
                parameter.copy_(value)
            save()
            for module in self.modules.values():
                module.to(self.runtime.dtype)
            if show is not None:
                show()

    def save(self) -> None:
        """Writes checkpoint.pt completely or not at all."""
        state = {
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "masters": self.masters,
            "optimizer": self.optimizer.state_dict(),
            "averages": self.averages,
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.folder / "checkpoint.partial"
        torch.save(state, partial)
        os.replace(partial, self.folder / "checkpoint.pt")

    def save_samples(self, rows: Sequence[Sequence[torch.Tensor]]) -> None:
        """Writes rows of images (3, h, w in -1..1) to samples-<step>.png."""
        strips = [np.concatenate([image_array(p) for p in row], axis=1) for row in rows]
        Image.fromarray(np.concatenate(strips)).save(self.folder / f"samples-{self.step:06d}.png")

    def _step_function(self, loss: LossFunction) -> Callable[[], object]:
        """What makes one step: on CUDA a captured graph's replay."""
        if not (self.runtime.cuda and self.config.graph):
            return lambda: self._train_step(loss)
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(GRAPH_WARM_UP):
                self._train_step(loss)
                self.step += 1
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._train_step(loss)
        self._loss_sum.zero_()
        return graph.replay

    def _train_step(self, loss_function: LossFunction) -> None:
        loss = loss_function()
        loss.backward()  # type: ignore[no-untyped-call]
        for master, parameter in zip(self.masters, self.parameters, strict=True):
            if master is not parameter and parameter.grad is not None:
                master.grad = parameter.grad.float()
        nn.utils.clip_grad_norm_(self.masters, 1.0, foreach=True)
        self.optimizer.step()
        with torch.no_grad():
            if self.masters[0] is not self.parameters[0]:
                torch._foreach_copy_(self.parameters, self.masters)
            differences = torch._foreach_sub(self.masters, self.averages)
            torch._foreach_mul_(differences, self._average_share)
            torch._foreach_add_(self.averages, differences)
            self._loss_sum += loss.detach().float()
        for weights in (*self.masters, *self.parameters):
            weights.grad = None

    def _set_rates(self) -> None:
        """The learning rate (warm-up, then a cosine down to a fiftieth) and the EMA's share."""
        warm = min(1.0, (self.step + self.config.interval / 2) / WARM_UP_STEPS)
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.progress))
        rate = self.config.learning_rate * warm * cosine
        if self.runtime.cuda:
            self._rate.fill_(rate)
        else:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
        self._average_share.fill_(
            1 - min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        )

    def _restore(self) -> None:
        file = self.folder / "checkpoint.pt"
        if not file.exists():
            return
        state = torch.load(file, weights_only=True, map_location=self.runtime.device)
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        with torch.no_grad():
            for master, value in zip(self.masters, state["masters"], strict=True):
                master.copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        if self.runtime.cuda:
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate
        self.averages = [value.detach() for value in state["averages"]]
        self.step, self.seconds = state["step"], state["seconds"]

    def _log(self, loss: float, steps: int, elapsed: float) -> None:
        self.seconds += elapsed
        line = {
            "step": self.step,
            "loss": round(loss, 5),
            "steps_per_second": round(steps / max(elapsed, 1e-9), 2),
            "seconds": round(self.seconds, 1),
        }
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")


def image_array(image: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(3, h, w) in -1..1 to (h, w, 3) bytes."""
    clipped = ((image.float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return np.asarray(clipped.permute(1, 2, 0).cpu().numpy())


def image_tensor(pixels: torch.Tensor) -> torch.Tensor:
    """(n, h, w, 3) bytes to (n, 3, h, w) in -1..1."""
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
