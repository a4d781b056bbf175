"""Distils a LoRA that draws in four steps: latent consistency (Luo et al., 2023).

The student (a base model with the LoRA) learns to say from any point of the teacher's path
where it ends, by agreeing with what it says one stride further along. Guidance is built in.
"""

from pathlib import Path

import torch
from diffusers import LCMScheduler, UNet2DConditionModel

from training import train_base_model
from training.architectures import new_schedule
from training.dataset import LatentDataset
from training.runtime import Runtime
from training.sampling import sample
from training.styles import STYLES
from training.train_base_model import Batch, DeviceSchedule, StartMix
from training.train_loras import save, with_adapter
from training.trainer import Trainer, TrainingConfig

NAME = "few-step"
LEARNING_RATE = 6e-4
NUM_TIMESTEPS, TIMESTEP_STRIDE = 50, 20
"""The path has 50 points, 20 of the schedule's 1000 times apart."""
GUIDANCE = (1.2, 2.5)
STARTS = StartMix(drawn=0.6, bare=0.0, whole=0.4)
SIGMA_DATA, TIME_SCALE = 0.5, 10.0
"""LCMScheduler's own boundary constants; it will use this model."""


def train(work: Path, runtime: Runtime, data: LatentDataset, config: TrainingConfig) -> None:
    torch.manual_seed(config.seed)
    teachers = [train_base_model.load_frozen(work, runtime, style) for style in STYLES]
    students = with_adapter(
        [train_base_model.load_frozen(work, runtime, style) for style in STYLES], runtime
    )
    trainer = Trainer(work / config.name, config, {"unet": students[0]}, runtime)
    path = _ConsistencyPath(DeviceSchedule(runtime.device))
    batch = runtime.batch(64, 12)
    batch += batch % 2
    half = batch // 2
    styles = [torch.full((half,), place, device=runtime.device) for place in range(len(STYLES))]

    def loss() -> torch.Tensor:
        with runtime.autocast():
            losses = [
                path.loss(teacher, student, data, style)
                for teacher, student, style in zip(teachers, students, styles, strict=True)
            ]
        return torch.stack(losses).mean()

    trainer.run(loss, on_interval=data.refresh)
    trainer.finish(
        lambda: save(students[0], trainer.folder / "final", NAME),
        lambda: _show(trainer, students, data),
    )


class _ConsistencyPath:
    """Arithmetic of a v-prediction model along the noise schedule."""

    def __init__(self, schedule: DeviceSchedule) -> None:
        self.schedule = schedule

    def loss(
        self,
        teacher: UNet2DConditionModel,
        student: UNet2DConditionModel,
        data: LatentDataset,
        style: torch.Tensor,
    ) -> torch.Tensor:
        """The distance of the student's two ends of one stride, a scalar; `style` has a number for each example, (n,)."""
        count, device = len(style), style.device
        rows = data.rows(count)
        clean = data.latents[rows, style].float()
        points = 1 + (torch.rand(count, device=device) * (NUM_TIMESTEPS - 1)).long()
        times = points * TIMESTEP_STRIDE + TIMESTEP_STRIDE - 1
        start = train_base_model.blend_start(
            data.composites(rows), clean, times, STARTS, data.scenes.fields["marked"][rows] > 0
        )
        noisy = self.schedule.add_noise(start, torch.randn_like(clean), times)
        text_embeds = data.embeds[rows, style]
        batch = Batch(rows, clean, noisy, times, text_embeds, torch.ones_like(clean))
        with torch.no_grad():
            low, high = GUIDANCE
            scale = low + (high - low) * torch.rand(count, 1, 1, 1, device=device)
            guided = train_base_model.predicted(teacher, batch)
            empty = Batch(
                rows, clean, noisy, times, data.empty_embeds.expand_as(text_embeds), batch.weights
            )
            unguided = train_base_model.predicted(teacher, empty)
            earlier = self.step(noisy, unguided + scale * (guided - unguided), times)
            target = self.end(student, earlier, times - TIMESTEP_STRIDE, text_embeds)
        output = self.end(student, noisy, times, text_embeds)
        return _huber(output, target)

    def step(
        self, noisy: torch.Tensor, velocity: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """One stride towards the image along the teacher's path (DDIM): latents (n, 4, h, w), `times` (n,)."""
        signal, noise_level = self.schedule.levels(times)
        image = signal * noisy - noise_level * velocity
        noise = signal * velocity + noise_level * noisy
        next_signal, next_level = self.schedule.levels(times - TIMESTEP_STRIDE)
        return next_signal * image + next_level * noise

    def end(
        self,
        unet: UNet2DConditionModel,
        noisy: torch.Tensor,
        times: torch.Tensor,
        text_embeds: torch.Tensor,
    ) -> torch.Tensor:
        """Where `unet` says the path from `noisy` ends: latents (n, 4, h, w), `times` (n,)."""
        signal, noise_level = self.schedule.levels(times)
        velocity = unet(noisy.to(text_embeds.dtype), times, text_embeds).sample.float()
        image = signal * noisy - noise_level * velocity
        scaled = (times * TIME_SCALE).view(-1, 1, 1, 1)
        skip = SIGMA_DATA**2 / (scaled**2 + SIGMA_DATA**2)
        out = scaled / (scaled**2 + SIGMA_DATA**2).sqrt()
        ended: torch.Tensor = skip * noisy + out * image
        return ended


def _huber(output: torch.Tensor, target: torch.Tensor, reach: float = 0.001) -> torch.Tensor:
    """The pseudo-Huber loss of two tensors of one shape, a scalar."""
    loss: torch.Tensor = ((output - target).pow(2) + reach**2).sqrt().mean() - reach
    return loss


def _show(trainer: Trainer, students: list[UNet2DConditionModel], data: LatentDataset) -> None:
    shown = torch.arange(min(trainer.runtime.samples, data.filled), device=data.count.device)
    starts = data.composites(shown)
    rows = [list(data.models.decode(starts))]
    for style, unet in zip(STYLES, students, strict=True):
        quick = LCMScheduler.from_config(new_schedule().config)
        lines = data.scenes.captions[style][: len(shown)]
        rows.append(
            sample(data.models, unet, lines, starts, scheduler=quick, steps=7, guidance_scale=1.0)
        )
    trainer.save_samples(rows)
