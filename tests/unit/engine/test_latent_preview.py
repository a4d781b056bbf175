"""Latents to colours: the fit finds the matrix that made them."""

import numpy as np
import torch
from PIL import Image

from studio.engine.diffusion.latent_preview import LatentRgbProjection


def test_a_linear_relation_is_found_and_applied_to_other_latents() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.uniform(0.05, 0.15, (5, 3))
    latents = torch.from_numpy(rng.uniform(0, 1, (1, 4, 8, 6)))
    rows = np.hstack([latents[0].flatten(1).T.numpy(), np.ones((48, 1))])
    pixels = ((rows @ matrix).reshape(8, 6, 3) * 255).round().astype(np.uint8)
    image = Image.fromarray(pixels).resize((48, 64), Image.Resampling.NEAREST)
    colors = LatentRgbProjection.fit(latents, image)
    shown = colors.to_image(latents)
    assert shown.size == (6, 8)
    assert np.abs(np.asarray(shown).astype(int) - pixels).max() <= 6


def test_a_page_of_one_color_gives_that_color() -> None:
    latents = torch.full((1, 4, 4, 4), 0.3)
    colors = LatentRgbProjection.fit(latents, Image.new("RGB", (32, 32), (200, 40, 80)))
    shown = np.asarray(colors.to_image(latents)).astype(int)
    assert np.abs(shown - (200, 40, 80)).max() < 6
