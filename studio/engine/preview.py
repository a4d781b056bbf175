"""A look at a picture while it is being made: latents to colours by one small matrix.

The matrix is fitted to the job's own start picture, of which both pixels and latents are known,
so that it suits every VAE and needs no constants.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

DAMPING = 1e-3
"""Keeps the fit calm where a start picture has few colours (ridge regression)."""


@dataclass(frozen=True)
class LatentColours:
    """(channels + 1, 3): what each latent channel, and a constant, adds to red, green and blue."""

    matrix: NDArray[np.float64]

    @classmethod
    def fitted(cls, latents: torch.Tensor, picture: Image.Image) -> "LatentColours":
        """From (1, c, h, w) latents and the picture they are of."""
        places, (height, width) = _places(latents), latents.shape[2:]
        small = picture.convert("RGB").resize((width, height), Image.Resampling.BOX)
        colours = np.asarray(small, np.float64).reshape(-1, 3) / 255
        squared = places.T @ places + DAMPING * len(places) * np.eye(places.shape[1])
        return cls(np.linalg.solve(squared, places.T @ colours).astype(np.float64))

    def picture(self, latents: torch.Tensor) -> Image.Image:
        """A small RGB picture, one pixel per latent place."""
        height, width = latents.shape[2:]
        colours = (_places(latents) @ self.matrix).clip(0, 1).reshape(height, width, 3)
        return Image.fromarray((colours * 255).astype(np.uint8))


def _places(latents: torch.Tensor) -> NDArray[np.float64]:
    """One row per place: its channels and a 1."""
    # On the CPU first: MPS has no numbers of 64 bits.
    rows = latents[0].detach().flatten(1).T.cpu().double().numpy()
    return np.hstack([rows, np.ones((len(rows), 1))])
