"""Trains the pocket VAE: crops of faces and clothes first, then complete images.

GroupNorm sees other statistics in a crop than in a complete image, so the last part is taught on
the latter. Noise on the latents teaches the decoder to bear what a UNet's guesses are off by.
"""

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from training.architectures import LATENT_CHANNELS, new_vae
from training.character import SIZE
from training.dataset import SceneDataset
from training.runtime import Runtime
from training.scene_store import IMAGES
from training.trainer import Trainer, TrainingConfig, image_tensor

CROP = 128
CROPS_UNTIL = 0.6
"""Progress up to which crops are taught."""
LATENT_NOISE = 0.3
"""Largest standard deviation of the noise that is laid on latents (theirs is about 1)."""
LEARNING_RATE = 1.5e-3


def train(
    work: Path,
    runtime: Runtime,
    scenes: SceneDataset,
    config: TrainingConfig,
    latent_channels: int = LATENT_CHANNELS,
) -> None:
    """Trains on the images of `scenes` as they come; `final/` has the averaged weights."""
    torch.manual_seed(config.seed)
    vae = runtime.place(new_vae(latent_channels))
    trainer = Trainer(work / config.name, config, {"vae": vae}, runtime)
    crops, images = runtime.batch(64, 16), runtime.batch(24, 4)

    def loss(batch: torch.Tensor, faces: torch.Tensor | None) -> torch.Tensor:
        with runtime.autocast():
            latents = vae.encode(batch.to(runtime.dtype)).latent_dist.mode()
            strength = LATENT_NOISE * torch.rand(len(batch), 1, 1, 1, device=batch.device)
            rebuilt = vae.decode(latents + (strength * torch.randn_like(latents)).to(latents.dtype))
        return image_loss(rebuilt.sample.float(), batch, faces) + 0.02 * spread_loss(
            latents.float()
        )

    def crop_loss() -> torch.Tensor:
        return loss(random_crops(scenes, crops), None)

    def full_loss() -> torch.Tensor:
        rows = scenes.rows(images)
        batch = scenes.images(rows, random_roles(images, rows.device))
        return loss(batch, scenes.face_weights(rows, SIZE, 3.0))

    trainer.run(crop_loss, until=CROPS_UNTIL, on_interval=scenes.refresh)
    trainer.run(full_loss, on_interval=scenes.refresh)
    trainer.finish(lambda: _save(vae, scenes, trainer), lambda: _show(vae, scenes, trainer))


def random_roles(batch: int, device: torch.device) -> torch.Tensor:
    """Indices of IMAGES, (batch,)."""
    return (torch.rand(batch, device=device) * len(IMAGES)).long()


def random_crops(scenes: SceneDataset, batch: int) -> torch.Tensor:
    """(n, 3, 128, 128): a third around faces, a third around clothes, a third anywhere."""
    rows = scenes.rows(batch)
    points = scenes.fields["keypoints"][rows] * SIZE
    face, cloth = points[:, 0], (points[:, 1] + points[:, 8]) / 2
    anywhere = torch.rand(batch, 2, device=rows.device) * SIZE
    pick = torch.rand(batch, 1, device=rows.device)
    center = torch.where(pick < 0.35, face, torch.where(pick < 0.7, cloth, anywhere))
    center = center + 24 * torch.randn_like(center)
    corner = (center - CROP / 2).round().clamp(0, SIZE - CROP).long()
    steps = torch.arange(CROP, device=rows.device)
    across, down = corner[:, 0, None] + steps, corner[:, 1, None] + steps
    roles = random_roles(batch, rows.device)
    return image_tensor(
        scenes.fields["images"][
            rows[:, None, None], roles[:, None, None], down[:, :, None], across[:, None, :]
        ]
    )


def image_loss(
    rebuilt: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None
) -> torch.Tensor:
    """L1 of color, of color differences and of edges; places of fine detail count up to 5 times.

    A star of 12 px is a hundredth of a page: unweighted, losing it costs nothing. Images are (n, 3, h, w),
    `weights` (n, 1, h, w), the loss is a scalar.
    """
    error = rebuilt - target
    detail = (target - functional.avg_pool2d(target, 9, 1, 4, count_include_pad=False)).abs()
    detail = functional.avg_pool2d(detail.amax(1, keepdim=True), 5, 1, 2)
    emphasis = 1 + (8 * detail).clamp(max=4)
    if weights is not None:
        emphasis = emphasis * weights
    emphasis = emphasis / emphasis.mean((2, 3), keepdim=True)
    chroma = torch.stack((error[:, 0] - error[:, 1], error[:, 2] - error[:, 1]), 1)
    plain = (error.abs() * emphasis).mean() + (chroma.abs() * emphasis).mean()
    across = (error.diff(dim=3).abs() * emphasis[..., 1:]).mean()
    down = (error.diff(dim=2).abs() * emphasis[..., 1:, :]).mean()
    coarse = functional.avg_pool2d(error, 4).abs().mean()
    return plain + 0.5 * (across + down) + 0.5 * coarse


def spread_loss(latents: torch.Tensor) -> torch.Tensor:
    """Keeps each channel's mean at 0 and its deviation at 1, against which the noise is measured. Latents are
    (n, 4, h, w), the loss is a scalar."""
    mean = latents.mean((0, 2, 3))
    power = latents.pow(2).mean((0, 2, 3))
    return mean.pow(2).mean() + (power - 1).pow(2).mean()


def _save(vae: AutoencoderKL, scenes: SceneDataset, trainer: Trainer) -> None:
    """Scales latents to unit deviation and saves."""
    rows = torch.arange(min(64, scenes.filled), device=scenes.count.device)
    parts = []
    for role in range(len(IMAGES)):
        for some in torch.split(rows, 16):
            with trainer.runtime.autocast():
                parts.append(vae.encode(scenes.images(some, role)).latent_dist.mode())
    deviation = float(torch.cat(parts).float().std())
    vae.register_to_config(scaling_factor=round(1 / deviation, 4))
    vae.save_pretrained(trainer.folder / "final")


def _show(vae: AutoencoderKL, scenes: SceneDataset, trainer: Trainer) -> None:
    rows = torch.arange(min(trainer.runtime.samples, scenes.filled), device=scenes.count.device)
    sheet = []
    for role in range(0, len(IMAGES), 2):
        shown = scenes.images(rows, role)
        with trainer.runtime.autocast():
            rebuilt = vae.decode(vae.encode(shown.to(vae.dtype)).latent_dist.mode()).sample
        sheet += [list(shown), list(rebuilt)]
    trainer.save_samples(sheet)
