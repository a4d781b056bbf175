"""Keeps what is outside a mask while a pass denoises (Differential Diffusion, Levin and Fried, 2023).

After each step the latents outside the mask are replaced by the initial latents with the noise of that
step, as diffusers' inpainting pipelines do with models of four channels. Where the mask is neither black
nor white, that ends the sooner the whiter it is. It needs no checkpoint of its own, and works with every
family.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image


class MaskedLatents:
    """A step callback for one pass; it needs `latents` among its tensors."""

    def __init__(
        self,
        init_latents: torch.Tensor,
        masks: Sequence[Image.Image],
        seeds: Sequence[int],
        evaluations: int,
    ) -> None:
        """Args:
        init_latents: scaled latents of the pass, (jobs, channels, height/8, width/8).
        masks: one for each job, of any size; 0 keeps the initial latents, 255 leaves them alone.
        seeds: one for each job; the noise is that with which the pass starts.
        evaluations: how often the denoiser is evaluated in the pass.
        """
        self._init_latents, self._evaluations = init_latents, evaluations
        height, width = init_latents.shape[2:]
        self._mask = torch.cat([_mask_tensor(mask, (width, height)) for mask in masks]).to(
            init_latents.device
        )
        self._noise = randn_tensor(
            init_latents.shape,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            device=init_latents.device,
            dtype=init_latents.dtype,
        )

    def __call__(
        self, pipe: Any, step_index: int, _timestep: Any, callback_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Called by diffusers after each evaluation of the denoiser; a second-order sampler's step
        takes two, and is left alone between them."""
        done = step_index + 1
        if done % pipe.scheduler.order and done < self._evaluations:
            return callback_kwargs
        latents: torch.Tensor = callback_kwargs["latents"]
        # Black stays until the end, gray until as much of the pass is done as it is not white.
        is_kept = 1 - self._mask > (done - 1) / self._evaluations
        original = self._noisy_start(pipe.scheduler, done).to(latents.dtype)
        return callback_kwargs | {"latents": torch.where(is_kept, original, latents)}

    def _noisy_start(self, scheduler: Any, done: int) -> torch.Tensor:
        """The initial latents with the noise that is left after `done` evaluations,
        (jobs, channels, height/8, width/8)."""
        if done >= self._evaluations:
            return self._init_latents
        timesteps = scheduler.timesteps
        timestep = timesteps[len(timesteps) - self._evaluations + done].reshape(1)
        if hasattr(scheduler, "scale_noise"):
            noisy: torch.Tensor = scheduler.scale_noise(self._init_latents, timestep, self._noise)
        else:
            noisy = scheduler.add_noise(self._init_latents, self._noise, timestep)
        return noisy


def _mask_tensor(mask: Image.Image, size: tuple[int, int]) -> torch.Tensor:
    """(1, 1, height, width), 0 to 1. A latent pixel takes the average of its pixels."""
    values = np.asarray(mask.resize(size, Image.Resampling.BOX), np.float32) / 255
    return torch.from_numpy(values)[None, None]
