"""Trains the pocket VAE: L1 on light and colour over crops, then over whole pictures."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from training.architectures import new_vae
from training.scenes import Bytes, draw_scenes
from training.trainer import Trainer, TrainingConfig, picture_tensor

PLAN = TrainingConfig(name="vae", steps=14000, batch=24, learning_rate=1.6e-3)
CROP = 64
FULL_IMAGE_FROM = 0.7
"""Share of the steps after which whole pictures take the place of crops (GroupNorm)."""
LATENT_NOISE = 0.08


def train(work: Path, plan: TrainingConfig = PLAN, scenes: int = 4500) -> None:
    torch.manual_seed(plan.seed)
    vae = new_vae()
    run = Trainer(work / plan.name, plan, {"vae": vae})
    if run.done:
        return
    drawn = draw_scenes(scenes)
    pictures = np.concatenate([*drawn.targets.values(), drawn.composites])
    shown = picture_tensor(pictures[[0, 1, 2, scenes, scenes + 1, scenes + 2, -1, -2]])
    while not run.done:
        batch = _batch(pictures, run, plan)
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(batch).latent_dist.mode()
            noisy = latents + LATENT_NOISE * torch.randn_like(latents)
            rebuilt = vae.decode(noisy).sample
        run.update(_loss(rebuilt.float(), batch) + 1e-3 * latents.float().pow(2).mean())
        if run.samples_due:
            run.sheet([list(shown), list(run.with_ema_weights(lambda: _rebuild(vae, shown)))])
    run.with_ema_weights(lambda: _finish(vae, pictures, run.folder))
    run.save()


def _batch(pictures: Bytes, run: Trainer, plan: TrainingConfig) -> torch.Tensor:
    rng = run.generator()
    torch.manual_seed(int(rng.integers(2**31)))
    if run.step >= FULL_IMAGE_FROM * plan.steps:
        return picture_tensor(pictures[rng.integers(0, len(pictures), 2)])
    crops = np.empty((plan.batch, CROP, CROP, 3), np.uint8)
    for row in range(plan.batch):
        # Half of the crops from the middle column, where faces and clothes are.
        low, high = ((0, 192), (64, 128))[int(rng.integers(2))]
        x, y = int(rng.integers(low, high + 1)), int(rng.integers(0, 193))
        crops[row] = pictures[rng.integers(len(pictures)), y : y + CROP, x : x + CROP]
    return picture_tensor(crops)


def _loss(rebuilt: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """L1, twice over on the colour differences, and on the edges between neighbours."""
    error = rebuilt - target
    chroma = torch.stack((error[:, 0] - error[:, 1], error[:, 2] - error[:, 1]))
    across, down = error.diff(dim=3).abs().mean(), error.diff(dim=2).abs().mean()
    return error.abs().mean() + chroma.abs().mean() + 0.5 * (across + down)


def _rebuild(vae: AutoencoderKL, pictures: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        rebuilt: torch.Tensor = vae.decode(vae.encode(pictures).latent_dist.mode()).sample
    return rebuilt


def _finish(vae: AutoencoderKL, pictures: Bytes, folder: Path) -> None:
    """Scales latents to unit deviation and saves the averaged weights."""
    some = torch.cat(
        [
            vae.encode(picture_tensor(pictures[i : i + 8])).latent_dist.mode()
            for i in range(0, 400, 8)
        ]
    )
    vae.register_to_config(scaling_factor=round(1 / float(some.std()), 4))
    vae.save_pretrained(folder / "final")
