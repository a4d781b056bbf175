"""Drawn scenes as the base model and the ControlNets are taught them: encoded once, kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image

from studio.imaging.skeleton import draw_skeleton
from studio.pocket.figure import SIZE
from studio.pocket.scenes import Bytes, Floats, draw_scenes
from studio.pocket.training import picture_tensor


@dataclass(frozen=True)
class Encoded:
    """`polished` and `composites` are scaled latents (n, 4, 32, 32); scribbles are bits."""

    polished: NDArray[np.float16]
    composites: NDArray[np.float16]
    scribbles: Bytes
    keypoints: Floats
    captions: tuple[str, ...]

    def latents(self, rows: NDArray[np.int64], of_composites: bool = False) -> torch.Tensor:
        source = self.composites if of_composites else self.polished
        return torch.from_numpy(source[rows]).float()

    def scribble_maps(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """(n, 3, 256, 256) in 0-1."""
        bits = np.unpackbits(self.scribbles[rows], axis=-1)
        return torch.from_numpy(bits).float()[:, None].expand(-1, 3, -1, -1)

    def pose_maps(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """(n, 3, 256, 256) in 0-1."""
        maps = [
            draw_skeleton([(float(x), float(y)) for x, y in p], SIZE, SIZE)
            for p in self.keypoints[rows]
        ]
        return torch.stack([map_tensor(picture) for picture in maps])


def map_tensor(picture: Image.Image) -> torch.Tensor:
    """A control map as (3, h, w) in 0-1."""
    return (
        torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1).float() / 255
    )


def encoded_scenes(work: Path, count: int, first_seed: int = 100_000) -> Encoded:
    """`count` scenes through the finished VAE, from `work`/latents.npz when they are there."""
    file = work / f"latents-{count}.npz"
    if not file.exists():
        vae = AutoencoderKL.from_pretrained(work / "vae" / "final")
        scenes = draw_scenes(count, first_seed)
        np.savez(
            file,
            polished=_encode(vae, scenes.polished),
            composites=_encode(vae, scenes.composites),
            scribbles=np.packbits(scenes.scribbles > 127, axis=-1),
            keypoints=scenes.keypoints,
            captions=np.array(scenes.captions),
        )
    with np.load(file) as stored:
        return Encoded(
            polished=stored["polished"],
            composites=stored["composites"],
            scribbles=stored["scribbles"],
            keypoints=stored["keypoints"],
            captions=tuple(str(words) for words in stored["captions"]),
        )


@torch.no_grad()
def _encode(vae: AutoencoderKL, pictures: Bytes) -> NDArray[np.float16]:
    parts = []
    for first in range(0, len(pictures), 16):
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(picture_tensor(pictures[first : first + 16])).latent_dist.mode()
        parts.append((latents.float() * vae.config.scaling_factor).half().numpy())
    return np.concatenate(parts)
