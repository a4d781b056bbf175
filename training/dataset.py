"""Drawn scenes on the device: images as bytes, their latents, captions as embeddings.

Arrays are allocated for all scenes at once and filled as those are drawn; `count` is a tensor, so
that a captured CUDA graph samples from all that is there at each replay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from transformers import CLIPTextModel, CLIPTokenizer

from training.architectures import DOWNSCALE, TOKENS
from training.captions import bare_captions
from training.character import SIZE
from training.runtime import Runtime
from training.scene_store import CHUNK, FIELDS, IMAGES, SceneStore
from training.scenes import KINDS
from training.styles import STYLES
from training.trainer import image_tensor

CONTROLS = ("scribble", "lineart", "pose")
BARE, COMPOSITE = IMAGES.index("bare_ink"), IMAGES.index("composite")
ADVERSARIAL = KINDS.index("adversarial")
ENCODED_AT_ONCE = 128
"""Images that go through the VAE together, on CUDA."""


class SceneDataset:
    """The scenes of one store on the device, as far as they are drawn."""

    def __init__(self, store: SceneStore, runtime: Runtime) -> None:
        self.store, self.runtime = store, runtime
        rows = len(store.chunks) * CHUNK
        kinds = {"u1": torch.uint8, "f4": torch.float32}
        self.fields = {
            name: torch.zeros((rows, *shape), dtype=kinds[kind], device=runtime.device)
            for name, (shape, kind) in FIELDS.items()
        }
        self.count = torch.zeros((), device=runtime.device)
        self.filled = 0
        self.captions: dict[str, list[str]] = {style: [] for style in STYLES}
        self._loaded: set[int] = set()

    def refresh(self, most_chunks: int = 64) -> None:
        """Copies newly drawn chunks to the device, at most so many of them."""
        new = [chunk for chunk in self.store.done() if chunk not in self._loaded][:most_chunks]
        for chunk in new:
            span = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
            place = slice(self.filled, self.filled + CHUNK)
            for name, field in self.fields.items():
                # A copy, for torch takes no read-only memory.
                field[place] = torch.from_numpy(self.store.field(name)[span].copy()).to(
                    field.device
                )
            for style, lines in self.store.captions(chunk).items():
                self.captions[style].extend(lines)
            self._loaded.add(chunk)
            self.filled += CHUNK
        if new:
            self.count.fill_(self.filled)

    def rows(self, batch: int) -> torch.Tensor:
        """The numbers of random scenes, (batch,)."""
        return (torch.rand(batch, device=self.count.device) * self.count).long()

    def images(self, rows: torch.Tensor, roles: torch.Tensor | int) -> torch.Tensor:
        """(n, 3, 256, 256) in -1..1; a role is an index of IMAGES."""
        return image_tensor(self.fields["images"][rows, roles])

    def maps(self, control: str, rows: torch.Tensor) -> torch.Tensor:
        """What the ControlNet of this name sees: (n, 3, 256, 256) in 0-1."""
        dtype = self.runtime.dtype
        if control == "pose":
            return self.fields["pose"][rows].permute(0, 3, 1, 2).to(dtype) / 255
        bits = self.fields[control][rows]
        places = torch.arange(7, -1, -1, device=bits.device, dtype=torch.uint8)
        lines = (bits[..., None] >> places) & 1
        return lines.flatten(2)[:, None].to(dtype).expand(-1, 3, -1, -1)

    def face_weights(self, rows: torch.Tensor, size: int, extra: float) -> torch.Tensor:
        """(n, 1, size, size): 1, and up to `extra` more on the face."""
        centers, radii = self.fields["keypoints"][rows, 0], self.fields["head_radius"][rows]
        grid = (torch.arange(size, device=rows.device) + 0.5) / size
        across = (grid[None, None, :] - centers[:, 0, None, None]) ** 2
        down = (grid[None, :, None] - centers[:, 1, None, None]) ** 2
        near = torch.exp(-(((across + down) / radii[:, None, None] ** 2) ** 2))
        return 1 + extra * near[:, None]


@dataclass(frozen=True)
class Models:
    """What scenes are encoded with; both are finished."""

    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer

    @classmethod
    def load(cls, work: Path, runtime: Runtime) -> "Models":
        vae = AutoencoderKL.from_pretrained(work / "vae" / "final")
        text = CLIPTextModel.from_pretrained(work / "text" / "final" / "text_encoder")
        return cls(
            runtime.place(vae).eval().requires_grad_(requires_grad=False),
            runtime.place(text).eval().requires_grad_(requires_grad=False),
            CLIPTokenizer.from_pretrained(work / "text" / "final" / "tokenizer"),
        )

    @torch.no_grad()
    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, h, w) in -1..1 to scaled latents."""
        with torch.autocast(
            images.device.type, torch.bfloat16, enabled=images.device.type == "cpu"
        ):
            latents = self.vae.encode(images.to(self.vae.dtype)).latent_dist.mode()
        scaled: torch.Tensor = latents.float() * self.vae.config.scaling_factor
        return scaled

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Scaled latents (n, 4, h, w) to images (n, 3, 8 h, 8 w), about -1..1, in float32."""
        with torch.autocast(
            latents.device.type, torch.bfloat16, enabled=latents.device.type == "cpu"
        ):
            plain = (latents.float() / self.vae.config.scaling_factor).to(self.vae.dtype)
            images: torch.Tensor = self.vae.decode(plain).sample
        return images.float()

    @torch.no_grad()
    def embed(self, lines: list[str]) -> torch.Tensor:
        """(n, 77, width)."""
        parts = []
        for first in range(0, len(lines), 512):
            ids = tokenize(self.tokenizer, lines[first : first + 512])
            ids = ids.to(self.text_encoder.device)
            parts.append(self.text_encoder(ids).last_hidden_state)
        return torch.cat(parts)


class LatentDataset:
    """Scenes with their latents (n, images, c, 32, 32) and caption embeddings (n, styles, 77, width)."""

    def __init__(self, scenes: SceneDataset, models: Models) -> None:
        self.scenes, self.models = scenes, models
        rows, device = len(scenes.store.chunks) * CHUNK, scenes.runtime.device
        dtype, side = scenes.runtime.dtype, SIZE // DOWNSCALE
        channels = models.vae.config.latent_channels
        width = models.text_encoder.config.hidden_size
        self.latents = torch.zeros(
            (rows, len(IMAGES), channels, side, side), dtype=dtype, device=device
        )
        self.embeds = torch.zeros((rows, len(STYLES), TOKENS, width), dtype=dtype, device=device)
        self.count = torch.zeros((), device=device)
        self.filled = 0
        self.empty_embeds = models.embed([""])
        self.bare_embeds = torch.stack(
            [
                models.embed([lines[i % len(lines)] for i in range(64)])
                for lines in map(bare_captions, STYLES)
            ]
        )
        self.refresh()

    def refresh(self, most_chunks: int = 64) -> None:
        """Takes in what was drawn since."""
        self.scenes.refresh(most_chunks)
        step = ENCODED_AT_ONCE if self.scenes.runtime.cuda else 8
        for first in range(self.filled * len(IMAGES), self.scenes.filled * len(IMAGES), step):
            last = min(first + step, self.scenes.filled * len(IMAGES))
            pixels = self.scenes.fields["images"].flatten(0, 1)[first:last]
            encoded = self.models.encode(image_tensor(pixels))
            self.latents.flatten(0, 1)[first:last] = encoded.to(self.latents.dtype)
        for place, style in enumerate(STYLES):
            if lines := self.scenes.captions[style][self.filled : self.scenes.filled]:
                self.embeds[self.filled : self.scenes.filled, place] = self.models.embed(lines)
        self.filled = self.scenes.filled
        self.count.fill_(self.filled)

    def rows(self, batch: int) -> torch.Tensor:
        """The numbers of random scenes, (batch,)."""
        return (torch.rand(batch, device=self.count.device) * self.count).long()

    def base_latents(self, rows: torch.Tensor) -> torch.Tensor:
        """The base images', nothing worn yet: (n, 4, h, w) in float32."""
        roles = BARE + self.scenes.fields["base_style"][rows].long()
        return self.latents[rows, roles].float()

    def composites(self, rows: torch.Tensor) -> torch.Tensor:
        """The latents of base images with their doodles, (n, 4, h, w) in float32."""
        return self.latents[rows, COMPOSITE].float()


def tokenize(tokenizer: CLIPTokenizer, lines: Iterable[str]) -> torch.Tensor:
    """Token ids, (lines, TOKENS)."""
    ids: torch.Tensor = tokenizer(
        list(lines), padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids
    return ids
