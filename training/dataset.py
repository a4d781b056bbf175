"""Drawn scenes as the base model and the ControlNets are taught them: encoded once, kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image

from studio.imaging.skeleton import draw_skeleton
from training.character import SIZE
from training.scenes import Bytes, Floats, draw_scenes
from training.styles import STYLES
from training.trainer import picture_tensor

CONTROLS = ("scribble", "lineart", "pose")


@dataclass(frozen=True)
class LatentDataset:
    """Scaled latents (n, 4, 32, 32), `polished` by style; scribbles and lineart are bits."""

    targets: Mapping[str, NDArray[np.float16]]
    bases: NDArray[np.float16]
    composites: NDArray[np.float16]
    scribbles: Bytes
    lineart: Bytes
    keypoints: Floats
    captions: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.composites)

    def latents(self, style: str, rows: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(self.targets[style][rows]).float()

    def img2img_starts(self, rows: NDArray[np.int64], bare: float = 0.0) -> torch.Tensor:
        """What img2img starts from: the composites' latents, for `bare` of them the base's,
        as when a user only types."""
        composites = torch.from_numpy(self.composites[rows]).float()
        return torch.where(torch.rand(len(rows), 1, 1, 1) < bare, self.bare(rows), composites)

    def bare(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """The base images' latents, nothing worn yet."""
        return torch.from_numpy(self.bases[rows]).float()

    def maps(self, control: str, rows: NDArray[np.int64]) -> torch.Tensor:
        """What the ControlNet of this name sees: (n, 3, 256, 256) in 0-1."""
        if control == "pose":
            return torch.stack([map_tensor(_skeleton(points)) for points in self.keypoints[rows]])
        lines = self.scribbles if control == "scribble" else self.lineart
        bits = np.unpackbits(lines[rows], axis=-1)
        return torch.from_numpy(bits).float()[:, None].expand(-1, 3, -1, -1)


def _skeleton(keypoints: Floats) -> Image.Image:
    return draw_skeleton([(float(x), float(y)) for x, y in keypoints], SIZE, SIZE)


def map_tensor(picture: Image.Image) -> torch.Tensor:
    """A control map as (3, h, w) in 0-1."""
    return (
        torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1).float() / 255
    )


def encoded_scenes(work: Path, count: int, first_seed: int = 100_000) -> LatentDataset:
    """`count` scenes through the finished VAE, from `work`/latents-<count>.npz once made."""
    file = work / f"latents-{count}.npz"
    if not file.exists():
        vae = AutoencoderKL.from_pretrained(work / "vae" / "final")
        scenes = draw_scenes(count, first_seed)
        arrays: dict[str, NDArray[Any]] = {
            "bases": encode(vae, scenes.bases),
            "composites": encode(vae, scenes.composites),
            "scribbles": np.packbits(scenes.scribbles > 127, axis=-1),
            "lineart": np.packbits(scenes.lineart > 127, axis=-1),
            "keypoints": scenes.keypoints,
        }
        for style in STYLES:
            arrays[f"polished_{style}"] = encode(vae, scenes.targets[style])
            arrays[f"captions_{style}"] = np.array(scenes.captions[style])
        np.savez(file, allow_pickle=False, **arrays)
    with np.load(file) as stored:
        return LatentDataset(
            targets={style: stored[f"polished_{style}"] for style in STYLES},
            bases=stored["bases"],
            composites=stored["composites"],
            scribbles=stored["scribbles"],
            lineart=stored["lineart"],
            keypoints=stored["keypoints"],
            captions={
                style: tuple(str(words) for words in stored[f"captions_{style}"])
                for style in STYLES
            },
        )


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: Bytes) -> NDArray[np.float16]:
    """(n, 256, 256, 3) bytes as scaled latents (n, 4, 32, 32)."""
    parts = []
    for first in range(0, len(pictures), 16):
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(picture_tensor(pictures[first : first + 16])).latent_dist.mode()
        parts.append((latents.float() * vae.config.scaling_factor).half().numpy())
    return np.concatenate(parts)
