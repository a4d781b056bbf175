"""Small networks that read images: joints, style and garments; and what is drawn on cloth.

They are taught on drawn scenes and are not shipped: `evaluate` asks them what the models made.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.nn import functional

from training.character import SIZE
from training.dataset import SceneDataset
from training.garments import CLOTHES, KINDS
from training.runtime import Runtime
from training.scene_store import DETAILS
from training.styles import STYLES
from training.trainer import Trainer, TrainingConfig, image_tensor

LEARNING_RATE = 1e-3
VALIDATION_SIZE = 256
"""Scenes kept to tell how far the networks themselves can be trusted."""
VIEW, GRID = 128, 32
"""Sides of what the evaluator looks at, and of its maps of joints."""
DETAIL_VIEW = 48
"""Side of the piece of cloth that the detail network looks at, in pixels of 256."""
POOL_GRID = (4, 2)
"""Down and across: where the heads see what is worn, for a skirt is told by what hangs below."""
JOINTS = 18


@dataclass(frozen=True)
class Assessment:
    """What the evaluator sees in one image. Joints are fractions of the page."""

    joints: NDArray[np.float32]
    style: str
    kinds: frozenset[str]
    features: torch.Tensor


class EvaluatorNet(nn.Module):
    """A little U-shaped network: four halvings, two doublings, heads on the deepest layer."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [
                _block(3, 32, 1),
                _block(32, 48, 2),
                _block(48, 96, 2),
                _block(96, 128, 2),
                _block(128, 160, 2),
            ]
        )
        self.up = nn.ModuleList([_block(160 + 128, 128, 1), _block(128 + 96, 96, 1)])
        self.joints = nn.Conv2d(96, JOINTS, 1)
        seen = 160 * POOL_GRID[0] * POOL_GRID[1]
        self.heads = nn.ModuleDict(
            {"style": nn.Linear(seen, len(STYLES)), "kinds": nn.Linear(seen, len(KINDS))}
        )

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """(n, 3, 128, 128) in -1..1 to logits by name; `joints` is (n, 18, 32, 32)."""
        layers = self.layers(images)
        deep = layers[-1]
        for block, skip in zip(self.up, (layers[3], layers[2]), strict=True):
            wide = functional.interpolate(deep, scale_factor=2.0, mode="nearest")
            deep = block(torch.cat((wide, skip), dim=1))
        pooled = functional.adaptive_avg_pool2d(layers[-1], POOL_GRID).flatten(1)
        return {
            "joints": self.joints(deep),
            **{name: head(pooled) for name, head in self.heads.items()},
        }

    def layers(self, images: torch.Tensor) -> list[torch.Tensor]:
        """What each stage sees, as the perceptual distance compares it: (n, channels, h, w) of each."""
        seen = []
        for block in self.down:
            images = block(images)
            seen.append(images)
        return seen


class DetailNet(nn.Module):
    """Tells which of DETAILS a piece of cloth of 48 px shows."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(3, 32, 1), _block(32, 64, 2), _block(64, 96, 2), _block(96, 128, 2)
        )
        self.head = nn.Linear(128 * 9, len(DETAILS))

    def forward(self, pieces: torch.Tensor) -> torch.Tensor:
        """(n, 3, 48, 48) in -1..1 to logits (n, details)."""
        pooled = functional.adaptive_avg_pool2d(self.body(pieces), 3)
        logits: torch.Tensor = self.head(pooled.flatten(1))
        return logits


@dataclass(frozen=True)
class Evaluators:
    """Both networks, ready to look at images."""

    net: EvaluatorNet
    detail_net: DetailNet

    @classmethod
    def load(cls, work: Path) -> "Evaluators":
        state = torch.load(work / "evaluator" / "evaluator.pt", weights_only=True)
        net, detail_net = EvaluatorNet(), DetailNet()
        net.load_state_dict(state["net"])
        detail_net.load_state_dict(state["detail"])
        return cls(
            net.eval().requires_grad_(requires_grad=False),
            detail_net.eval().requires_grad_(requires_grad=False),
        )

    @torch.no_grad()
    def assess(self, image: Image.Image) -> Assessment:
        """What one image shows."""
        view = image.convert("RGB").resize((VIEW, VIEW), Image.Resampling.BOX)
        pixels = image_tensor(torch.from_numpy(np.asarray(view).copy())[None])
        seen = self.net(pixels)
        kinds = [kind for kind, logit in zip(KINDS, seen["kinds"][0], strict=True) if logit > 0]
        return Assessment(
            joints=_peaks(seen["joints"][0]),
            style=STYLES[int(seen["style"][0].argmax())],
            kinds=frozenset(kinds),
            features=torch.cat([_unit(layer).flatten() for layer in self.net.layers(pixels)]),
        )

    @torch.no_grad()
    def detail(self, image: Image.Image, center: tuple[float, float]) -> str:
        """Which of DETAILS is on the cloth around `center` (fractions of the page)."""
        view = image.convert("RGB").resize((SIZE, SIZE))
        pixels = torch.from_numpy(np.asarray(view).copy())[None]
        piece = _pieces(pixels, torch.zeros(1, dtype=torch.long), torch.tensor([center]))
        return DETAILS[int(self.detail_net(image_tensor(piece))[0].argmax())]


def train(work: Path, runtime: Runtime, scenes: SceneDataset, config: TrainingConfig) -> None:
    """Trains both networks on drawn scenes; prints what they tell of the scenes held back."""
    torch.manual_seed(config.seed)
    net, detail_net = runtime.place(EvaluatorNet()), runtime.place(DetailNet())
    trainer = Trainer(work / config.name, config, {"net": net, "detail": detail_net}, runtime)
    batch, device = runtime.batch(96, 24), runtime.device
    held_back = min(VALIDATION_SIZE, scenes.filled // 4)
    trained = scenes.filled - held_back

    def loss() -> torch.Tensor:
        rows = (torch.rand(batch, device=device) * trained).long()
        styles = (torch.rand(batch, device=device) * len(STYLES)).long()
        pixels = scenes.fields["images"][rows, styles]
        views = functional.avg_pool2d(image_tensor(pixels), SIZE // VIEW)
        shift = (torch.rand(batch, 2, device=device) - 0.5) * (10 / SIZE)
        centers = scenes.fields["detail_center"][rows] + shift
        pieces = image_tensor(_pieces(pixels, torch.arange(batch, device=device), centers))
        with runtime.autocast():
            seen = net(_augment(views).to(runtime.dtype))
            details = detail_net(_augment(pieces).to(runtime.dtype)).float()
        cells = _cells(scenes.fields["keypoints"][rows])
        return (
            functional.cross_entropy(seen["style"].float(), styles)
            + functional.binary_cross_entropy_with_logits(
                seen["kinds"].float(), scenes.fields["garments"][rows].float()
            )
            + functional.cross_entropy(
                seen["joints"].float().reshape(-1, GRID * GRID), cells.reshape(-1)
            )
            + functional.cross_entropy(details, scenes.fields["detail"][rows].long())
        )

    trainer.run(loss)
    trainer.finish(
        lambda: _save(trainer, net, detail_net),
        lambda: _report(trainer, net, detail_net, scenes, held_back),
    )


def _save(trainer: Trainer, net: EvaluatorNet, detail_net: DetailNet) -> None:
    state = {
        "net": {key: value.cpu() for key, value in net.state_dict().items()},
        "detail": {key: value.cpu() for key, value in detail_net.state_dict().items()},
    }
    torch.save(state, trainer.folder / "evaluator.pt")


def _report(
    trainer: Trainer,
    net: EvaluatorNet,
    detail_net: DetailNet,
    scenes: SceneDataset,
    held_back: int,
) -> None:
    """Prints shares of clothes seen, of clothes made up, and of details told right."""
    seen, worn, right = [], [], []
    rows = torch.arange(scenes.filled - held_back, scenes.filled, device=trainer.runtime.device)
    for some in torch.split(rows, 64):
        pixels = scenes.fields["images"][some, 0]
        views = functional.avg_pool2d(image_tensor(pixels), SIZE // VIEW)
        numbers = torch.arange(len(some), device=some.device)
        pieces = image_tensor(_pieces(pixels, numbers, scenes.fields["detail_center"][some]))
        with trainer.runtime.autocast():
            seen.append(net(views.to(trainer.runtime.dtype))["kinds"][:, : len(CLOTHES)] > 0)
            details = detail_net(pieces.to(trainer.runtime.dtype)).argmax(-1)
        worn.append(scenes.fields["garments"][some][:, : len(CLOTHES)] > 0)
        right.append(details == scenes.fields["detail"][some])
    found, truth = torch.cat(seen), torch.cat(worn)
    print(
        f"of clothes drawn, {found[truth].float().mean():.1%} are seen; of clothes not there,"
        f" {found[~truth].float().mean():.1%}; details told right: {torch.cat(right).float().mean():.1%}",
        flush=True,
    )


def perceptual_distance(a: Assessment, b: Assessment) -> float:
    """As LPIPS (Zhang et al., 2018) measures it, on this network's layers, unlearnt weights."""
    return float((a.features - b.features).pow(2).sum())


def _block(wide_in: int, wide_out: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, 3, stride, 1),
        nn.GroupNorm(8, wide_out),
        nn.SiLU(),
        nn.Conv2d(wide_out, wide_out, 3, 1, 1),
        nn.GroupNorm(8, wide_out),
        nn.SiLU(),
    )


def _pieces(pixels: torch.Tensor, rows: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    """(n, 48, 48, 3) of images (n, 256, 256, 3) around centers (fractions of the page)."""
    corner = (centers * SIZE - DETAIL_VIEW / 2).round().clamp(0, SIZE - DETAIL_VIEW).long()
    steps = torch.arange(DETAIL_VIEW, device=pixels.device)
    across, down = corner[:, 0, None] + steps, corner[:, 1, None] + steps
    return pixels[rows[:, None, None], down[:, :, None], across[:, None, :]]


def _unit(layer: torch.Tensor) -> torch.Tensor:
    """Each place's channels at unit length; scaled so that a layer's sum is its spatial mean. (n, channels, h, w)."""
    normed = layer / layer.pow(2).sum(dim=1, keepdim=True).sqrt().clamp_min(1e-6)
    scaled: torch.Tensor = normed / (layer.shape[2] * layer.shape[3]) ** 0.5
    return scaled


def _peaks(maps: torch.Tensor) -> NDArray[np.float32]:
    """Each map's peak, as fractions of the image: of (JOINTS, GRID, GRID) logits."""
    points = np.empty((JOINTS, 2), np.float32)
    for index, logits in enumerate(maps):
        y, x = divmod(int(logits.argmax()), GRID)
        points[index] = (x + 0.5) / GRID, (y + 0.5) / GRID
    return points


def _augment(images: torch.Tensor) -> torch.Tensor:
    """(n, 3, h, w), softened and noisy at random, so that generated images are read too."""
    soft = functional.avg_pool2d(images, 3, 1, 1)
    share = torch.rand(len(images), 1, 1, 1, device=images.device)
    images = torch.lerp(images, soft, (2 * share - 1).clamp_min(0))
    level = 0.08 * torch.rand(len(images), 1, 1, 1, device=images.device)
    return images + torch.randn_like(images) * level


def _cells(keypoints: torch.Tensor) -> torch.Tensor:
    """The grid's cells of keypoints (..., 2) in fractions of the image."""
    grid = (keypoints * GRID).long().clamp(0, GRID - 1)
    return grid[..., 1] * GRID + grid[..., 0]
