"""Latent previews: latents to RGB by one small matrix.

The matrix is fitted to the job's own init image, of which both pixels and latents are known, so it
suits every VAE and needs no constants.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

RIDGE_LAMBDA = 1e-3
"""Regularization of the fit (ridge regression), for init images with few colors."""


@dataclass(frozen=True)
class LatentRgbProjection:
    """A linear map from latent channels to RGB."""

    matrix: NDArray[np.float64]
    """(channels + 1, 3): the contribution of each channel, and of a constant, to R, G and B (0-1)."""

    @classmethod
    def fit(cls, latents: torch.Tensor, image: Image.Image) -> "LatentRgbProjection":
        """From an image and its latents, (1, channels, height/8, width/8)."""
        features, (height, width) = _flatten(latents), latents.shape[2:]
        small = image.convert("RGB").resize((width, height), Image.Resampling.BOX)
        colors = np.asarray(small, np.float64).reshape(-1, 3) / 255
        gram = features.T @ features + RIDGE_LAMBDA * len(features) * np.eye(features.shape[1])
        return cls(np.linalg.solve(gram, features.T @ colors).astype(np.float64))

    def to_image(self, latents: torch.Tensor) -> Image.Image:
        """A small RGB image, one pixel per latent pixel of (1, channels, height/8, width/8)."""
        height, width = latents.shape[2:]
        # Latents that overflowed are found at the end of their pass; here they are black.
        colors = np.nan_to_num((_flatten(latents) @ self.matrix).clip(0, 1))
        colors = colors.reshape(height, width, 3)
        return Image.fromarray((colors * 255).astype(np.uint8))


@dataclass(frozen=True)
class LatentPreviewer:
    """Previews of one job's latents; the projection is fitted when the first is wanted."""

    init_latents: torch.Tensor
    """(1, channels, height/8, width/8), scaled."""
    init_image: Image.Image

    @cached_property
    def _projection(self) -> LatentRgbProjection:
        return LatentRgbProjection.fit(self.init_latents, self.init_image)

    def to_image(self, latents: torch.Tensor) -> Image.Image:
        """A small RGB image of (1, channels, height/8, width/8)."""
        return self._projection.to_image(latents)


def _flatten(latents: torch.Tensor) -> NDArray[np.float64]:
    """(1, channels, height, width) to (height x width, channels + 1), the last column being 1."""
    # To the CPU first: MPS has no float64.
    rows = latents[0].detach().flatten(1).T.cpu().double().numpy()
    return np.hstack([rows, np.ones((len(rows), 1))])
