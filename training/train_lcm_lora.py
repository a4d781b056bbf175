"""Distils a LoRA that draws in four steps: latent consistency (Luo et al., 2023).

The student (a base model with the LoRA) learns to say from any point of the teacher's path
where it ends, by agreeing with what it says one skip further along. Guidance is built in.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, LCMScheduler, UNet2DConditionModel

from training import train_base_model
from training.architectures import new_schedule
from training.dataset import encoded_scenes
from training.styles import STYLES
from training.train_loras import save, with_adapter
from training.trainer import Trainer, TrainingConfig
from training.training_stages import SCENES, StartMix

PLAN = TrainingConfig(name="lora-few-step", steps=450, batch=12, learning_rate=5e-4)
NAME = "few-step"
NUM_TIMESTEPS, TIMESTEP_STRIDE = 50, 20
"""The path has 50 points, 20 of the schedule's 1000 times apart."""
GUIDANCE = (1.2, 2.5)
STARTS = StartMix(drawn=0.6, bare=0.0, whole=0.4)
SIGMA_DATA, TIME_SCALE = 0.5, 10.0
"""LCMScheduler's own boundary constants; it will use this model."""


def train(work: Path, plan: TrainingConfig = PLAN, scenes: int = SCENES) -> None:
    torch.manual_seed(plan.seed)
    data = encoded_scenes(work, scenes)
    teachers = [train_base_model.load_frozen(work, style).unet for style in STYLES]
    pipes = [train_base_model.load_frozen(work, style) for style in STYLES]
    students = with_adapter([pipe.unet for pipe in pipes])
    text, tokenizer = pipes[0].text_encoder, pipes[0].tokenizer
    run = Trainer(work / plan.name, plan, {"unet": students[0]})
    path = _ConsistencyPath(new_schedule())
    tokens = [train_base_model.tokenize(tokenizer, list(data.captions[style])) for style in STYLES]
    with torch.no_grad():
        empty_embeds = text(train_base_model.tokenize(tokenizer, [""])).last_hidden_state
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        index = int(rng.integers(len(STYLES)))
        rows = rng.integers(0, len(data), plan.batch)
        clean = data.latents(STYLES[index], rows)
        times = (
            torch.randint(1, NUM_TIMESTEPS, (plan.batch,)) * TIMESTEP_STRIDE + TIMESTEP_STRIDE - 1
        )
        start = train_base_model.blend_start(data.img2img_starts(rows), clean, times, STARTS)
        noisy = path.schedule.add_noise(start, torch.randn_like(clean), times)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                words = text(tokens[index][rows]).last_hidden_state
                scale = torch.empty(plan.batch, 1, 1, 1).uniform_(*GUIDANCE)
                prediction = teachers[index](noisy, times, words).sample
                unguided = teachers[index](noisy, times, empty_embeds.expand_as(words)).sample
                earlier = path.step(noisy, unguided + scale * (prediction - unguided), times)
                target = path.end(students[index], earlier, times - TIMESTEP_STRIDE, words)
            student_output = path.end(students[index], noisy, times, words)
        run.update(_huber(student_output.float(), target.float()))
        if run.samples_due:
            lines = [list(data.captions[style][:6]) for style in STYLES]
            quick = LCMScheduler.from_config(path.schedule.config)
            shown = data.img2img_starts(np.arange(6))
            draw = partial(
                train_base_model.sample_img2img,
                pipes,
                shown,
                lines,
                quick,
                steps=7,
                guidance_scale=1.0,
            )
            run.sheet(run.with_ema_weights(draw))
    run.with_ema_weights(lambda: save(students[0], run.folder / "final", NAME))
    run.save()


@dataclass(frozen=True)
class _ConsistencyPath:
    """Arithmetic of a v-prediction model along the noise schedule."""

    schedule: DDIMScheduler

    def step(
        self, noisy: torch.Tensor, velocity: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """One skip towards the picture along the teacher's path (DDIM)."""
        signal, noise_level = self._levels(times)
        picture = signal * noisy - noise_level * velocity
        noise = signal * velocity + noise_level * noisy
        next_signal, next_level = self._levels(times - TIMESTEP_STRIDE)
        earlier: torch.Tensor = next_signal * picture + next_level * noise
        return earlier

    def end(
        self,
        unet: UNet2DConditionModel,
        noisy: torch.Tensor,
        times: torch.Tensor,
        words: torch.Tensor,
    ) -> torch.Tensor:
        """Where `unet` says the path from `noisy` ends."""
        signal, noise_level = self._levels(times)
        picture = signal * noisy - noise_level * unet(noisy, times, words).sample
        scaled = (times * TIME_SCALE).view(-1, 1, 1, 1)
        skip = SIGMA_DATA**2 / (scaled**2 + SIGMA_DATA**2)
        out = scaled / (scaled**2 + SIGMA_DATA**2).sqrt()
        ended: torch.Tensor = skip * noisy + out * picture
        return ended

    def _levels(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        kept = self.schedule.alphas_cumprod[times].view(-1, 1, 1, 1)
        return kept.sqrt(), (1 - kept).sqrt()


def _huber(
    student_output: torch.Tensor, target: torch.Tensor, reach: float = 0.001
) -> torch.Tensor:
    loss: torch.Tensor = ((student_output - target).pow(2) + reach**2).sqrt().mean() - reach
    return loss
