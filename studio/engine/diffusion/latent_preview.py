"""A look at a picture while it is being made: latents to colours by one small matrix.

The matrix is fitted to the job's own start picture, of which both pixels and latents are known,
so that it suits every VAE and needs no constants.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

RIDGE_LAMBDA = 1e-3
"""Keeps the fit calm where a start picture has few colours (ridge regression)."""


@dataclass(frozen=True)
class LatentRgbProjection:
    """(channels + 1, 3): what each latent channel, and a constant, adds to red, green and blue."""

    matrix: NDArray[np.float64]

    @classmethod
    def fit(cls, latents: torch.Tensor, image: Image.Image) -> "LatentRgbProjection":
        """From (1, c, h, w) latents and the picture they are of."""
        places, (height, width) = _flatten(latents), latents.shape[2:]
        small = image.convert("RGB").resize((width, height), Image.Resampling.BOX)
        colors = np.asarray(small, np.float64).reshape(-1, 3) / 255
        squared = places.T @ places + RIDGE_LAMBDA * len(places) * np.eye(places.shape[1])
        return cls(np.linalg.solve(squared, places.T @ colors).astype(np.float64))

    def to_image(self, latents: torch.Tensor) -> Image.Image:
        """A small RGB picture, one pixel per latent place."""
        height, width = latents.shape[2:]
        colors = (_flatten(latents) @ self.matrix).clip(0, 1).reshape(height, width, 3)
        return Image.fromarray((colors * 255).astype(np.uint8))


def _flatten(latents: torch.Tensor) -> NDArray[np.float64]:
    """One row per place: its channels and a 1."""
    # On the CPU first: MPS has no numbers of 64 bits.
    rows = latents[0].detach().flatten(1).T.cpu().double().numpy()
    return np.hstack([rows, np.ones((len(rows), 1))])
