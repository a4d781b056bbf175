"""What each ControlNet unit is shown: the doodle's lines, or the clean base's pose."""

import numpy as np
import torch
from PIL import Image

from studio.errors import InputError
from studio.imaging.controlmaps import scribble_map
from studio.imaging.skeleton import draw_skeleton
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job


def control_map(unit: ControlUnit, job: Job, doodle: Image.Image | None) -> Image.Image | None:
    """The unit's map at the recipe's size as RGB; None where there is nothing to show.

    A scribble unit without strokes has nothing to say and is left out rather than fed a black
    picture. A pose unit needs the base image's keypoints: raises InputError without them.
    """
    size = (job.recipe.width, job.recipe.height)
    if unit.preprocessor == "scribble":
        if doodle is None:
            return None
        lines = scribble_map(doodle.resize(size, Image.Resampling.NEAREST))
        return lines if lines.getbbox() else None
    if job.base_image.keypoints is None:
        raise InputError(
            f"recipe {job.letter} has a pose unit, but base image {job.base_image.id!r} has no"
            " keypoints: set them, choose another base image, or turn the unit off"
        )
    return draw_skeleton(job.base_image.keypoints, *size)


def map_to_tensor(picture: Image.Image, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """(1, 3, h, w) in 0-1."""
    pixels = torch.from_numpy(np.asarray(picture.convert("RGB")).copy())
    return pixels.permute(2, 0, 1)[None].to(device, dtype) / 255


def picture_to_tensor(
    picture: Image.Image, device: torch.device, dtype: torch.dtype
) -> torch.Tensor:
    """(1, 3, h, w) in -1..1, as a VAE takes it."""
    return map_to_tensor(picture, device, dtype) * 2 - 1
