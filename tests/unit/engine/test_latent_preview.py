"""Latent previews: the fitted projection recovers the one the image was made with."""

import numpy as np
import torch
from PIL import Image

from studio.engine.diffusion.latent_preview import LatentRgbProjection


def test_fit_recovers_a_linear_projection() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.uniform(0.05, 0.15, (5, 3))
    latents = torch.from_numpy(rng.uniform(0, 1, (1, 4, 8, 6)))
    rows = np.hstack([latents[0].flatten(1).T.numpy(), np.ones((48, 1))])
    pixels = ((rows @ matrix).reshape(8, 6, 3) * 255).round().astype(np.uint8)
    image = Image.fromarray(pixels).resize((48, 64), Image.Resampling.NEAREST)
    projection = LatentRgbProjection.fit(latents, image)
    preview = projection.to_image(latents)
    assert preview.size == (6, 8)
    assert np.abs(np.asarray(preview).astype(int) - pixels).max() <= 6


def test_uniform_image_gives_its_color() -> None:
    latents = torch.full((1, 4, 4, 4), 0.3)
    projection = LatentRgbProjection.fit(latents, Image.new("RGB", (32, 32), (200, 40, 80)))
    preview = np.asarray(projection.to_image(latents)).astype(int)
    assert np.abs(preview - (200, 40, 80)).max() < 6
