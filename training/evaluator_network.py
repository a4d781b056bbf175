"""A small network that reads drawn pictures: joints, style, garments and their colours.

It is taught on drawn scenes and is not shipped: `evaluate` asks it what the base models made.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.nn import functional

from training.character import SIZE, random_character
from training.colors import NAMED_COLORS
from training.garments import CLOTHES, KINDS, Garment, random_outfit
from training.scenes import Bytes, draw_scenes
from training.styles import STYLES
from training.trainer import Trainer, TrainingConfig, picture_tensor

PLAN = TrainingConfig(name="evaluator", steps=2400, batch=32, learning_rate=1e-3)
SCENES = 6000
VALIDATION_SIZE = 300
"""Scenes kept to tell how far the judge itself can be trusted."""
VIEW, GRID = 128, 32
"""Sides of what the judge looks at, and of its maps of joints."""
POOL_GRID = (4, 2)
"""Down and across: where the heads see what is worn, for a skirt is told by what hangs below."""
COLORS = (*NAMED_COLORS, "none")
UPPER_GARMENTS, LOWER_GARMENTS = (
    ("jacket", "top", "dress"),
    ("trousers", "skirt", "shorts", "dress"),
)
"""Whose colour the upper and lower half show, from the outside in."""
JOINTS = 18


@dataclass(frozen=True)
class Assessment:
    """What the judge sees in one picture. Joints are fractions of the page."""

    joints: NDArray[np.float32]
    style: str
    kinds: frozenset[str]
    upper: str
    lower: str
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
            {
                "style": nn.Linear(seen, len(STYLES)),
                "kinds": nn.Linear(seen, len(KINDS)),
                "upper": nn.Linear(seen, len(COLORS)),
                "lower": nn.Linear(seen, len(COLORS)),
            }
        )

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        """(n, 3, 128, 128) in -1..1 to logits by name; `joints` is (n, 18, 32, 32)."""
        layers = self.layers(pictures)
        deep = layers[-1]
        for block, skip in zip(self.up, (layers[3], layers[2]), strict=True):
            wide = functional.interpolate(deep, scale_factor=2.0, mode="nearest")
            deep = block(torch.cat((wide, skip), dim=1))
        pooled = functional.adaptive_avg_pool2d(layers[-1], POOL_GRID).flatten(1)
        return {"joints": self.joints(deep), **{name: head(pooled) for name, head in self.heads.items()}}  # fmt: skip

    def layers(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """What each stage sees, as the perceptual distance compares it."""
        seen = []
        for block in self.down:
            pictures = block(pictures)
            seen.append(pictures)
        return seen


def _block(wide_in: int, wide_out: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, 3, stride, 1),
        nn.GroupNorm(8, wide_out),
        nn.SiLU(),
        nn.Conv2d(wide_out, wide_out, 3, 1, 1),
        nn.GroupNorm(8, wide_out),
        nn.SiLU(),
    )


def train(work: Path, plan: TrainingConfig = PLAN, scenes: int = SCENES) -> None:
    """Trains the judge on drawn scenes; prints what it tells of the scenes held back."""
    torch.manual_seed(plan.seed)
    evaluator = EvaluatorNet()
    run = Trainer(work / plan.name, plan, {"evaluator": evaluator})
    first = 500_000
    drawn = draw_scenes(scenes, first)
    views = {style: _downsample(pictures) for style, pictures in drawn.targets.items()}
    labels = _labels(first, scenes)
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.integers(0, scenes - VALIDATION_SIZE, plan.batch)
        styles = rng.integers(0, len(STYLES), plan.batch)
        chosen = np.stack([views[STYLES[s]][row] for s, row in zip(styles, rows, strict=True)])
        with torch.autocast("cpu", torch.bfloat16):
            seen = evaluator(_augment(picture_tensor(chosen)))
        seen = {name: logits.float() for name, logits in seen.items()}
        target = torch.from_numpy(styles)
        loss = functional.cross_entropy(seen["style"], target)
        loss = loss + functional.binary_cross_entropy_with_logits(
            seen["kinds"], torch.from_numpy(labels.kinds[rows])
        )
        for part in ("upper", "lower"):
            truth = torch.from_numpy(getattr(labels, part)[rows])
            loss = loss + 0.5 * functional.cross_entropy(seen[part], truth)
        cells = torch.from_numpy(_cells(drawn.keypoints[rows]))
        maps = seen["joints"].reshape(-1, GRID * GRID)
        loss = loss + functional.cross_entropy(maps, cells.reshape(-1))
        run.update(loss)
    run.with_ema_weights(lambda: torch.save(evaluator.state_dict(), run.folder / "evaluator.pt"))
    run.save()
    unseen = {style: pictures[-VALIDATION_SIZE:] for style, pictures in views.items()}
    found, made_up = run.with_ema_weights(
        lambda: _clothes(evaluator, unseen, labels.kinds[-VALIDATION_SIZE:])
    )
    print(f"of clothes drawn, {found:.1%} are seen; of clothes not there, {made_up:.1%} are")


def _clothes(
    evaluator: EvaluatorNet, views: dict[str, Bytes], kinds: NDArray[np.float32]
) -> tuple[float, float]:
    """Shares of the clothes in `views`, and of those not in them, that `judge` sees.

    The first is what `evaluate` can show of garments at most.
    """
    worn = torch.from_numpy(kinds[:, : len(CLOTHES)]) > 0
    seen = torch.stack(
        [
            evaluator(picture_tensor(pictures))["kinds"][:, : len(CLOTHES)] > 0
            for pictures in views.values()
        ]
    ).float()
    return float(seen[:, worn].mean()), float(seen[:, ~worn].mean())


def load(work: Path) -> EvaluatorNet:
    evaluator = EvaluatorNet()
    evaluator.load_state_dict(torch.load(work / PLAN.name / "evaluator.pt", weights_only=True))
    return evaluator.eval().requires_grad_(False)


@torch.no_grad()
def assess(evaluator: EvaluatorNet, picture: Image.Image) -> Assessment:
    """What `judge` makes of one picture."""
    view = picture.convert("RGB").resize((VIEW, VIEW), Image.Resampling.BOX)
    pixels = picture_tensor(np.asarray(view)[None])
    seen = evaluator(pixels)
    kinds = [kind for kind, logit in zip(KINDS, seen["kinds"][0], strict=True) if logit > 0]
    return Assessment(
        joints=_centres(seen["joints"][0]),
        style=STYLES[int(seen["style"][0].argmax())],
        kinds=frozenset(kinds),
        upper=COLORS[int(seen["upper"][0].argmax())],
        lower=COLORS[int(seen["lower"][0].argmax())],
        features=torch.cat([_unit(layer).flatten() for layer in evaluator.layers(pixels)]),
    )


def perceptual_distance(a: Assessment, b: Assessment) -> float:
    """As LPIPS (Zhang et al., 2018) measures it, on this judge's layers, unlearnt weights."""
    return float((a.features - b.features).pow(2).sum())


def _unit(layer: torch.Tensor) -> torch.Tensor:
    """Each place's channels at unit length; scaled so that a layer's sum is its spatial mean."""
    normed = layer / layer.pow(2).sum(dim=1, keepdim=True).sqrt().clamp_min(1e-6)
    scaled: torch.Tensor = normed / (layer.shape[2] * layer.shape[3]) ** 0.5
    return scaled


def _centres(maps: torch.Tensor) -> NDArray[np.float32]:
    """Each map's centre of mass around its peak, as fractions of the page."""
    points = np.empty((JOINTS, 2), np.float32)
    for index, logits in enumerate(maps):
        share = logits.flatten().softmax(0).view(GRID, GRID)
        y, x = divmod(int(share.argmax()), GRID)
        points[index] = (x + 0.5) / GRID, (y + 0.5) / GRID
    return points


@dataclass(frozen=True)
class _Labels:
    kinds: NDArray[np.float32]
    upper: NDArray[np.int64]
    lower: NDArray[np.int64]


def _labels(first: int, count: int) -> _Labels:
    """What each scene's outfit is; figure and outfit come first of a scene's chances."""
    outfits = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        random_character(rng)
        outfits.append(random_outfit(rng))
    kinds = [[float(any(g.kind == kind for g in outfit)) for kind in KINDS] for outfit in outfits]
    return _Labels(
        kinds=np.array(kinds, np.float32),
        upper=np.array([_color(outfit, UPPER_GARMENTS) for outfit in outfits]),
        lower=np.array([_color(outfit, LOWER_GARMENTS) for outfit in outfits]),
    )


def _color(outfit: tuple[Garment, ...], kinds: tuple[str, ...]) -> int:
    """The colour of the outermost garment of these kinds, `kinds` from the outside in."""
    worn = {garment.kind: garment.color_name for garment in outfit}
    names = [worn[kind] for kind in kinds if kind in worn]
    return COLORS.index(names[0] if names else "none")


def _downsample(pictures: Bytes) -> Bytes:
    """256 px pictures at the judge's 128, by averages of four."""
    count = len(pictures)
    small = np.empty((count, VIEW, VIEW, 3), np.uint8)
    for index in range(count):
        fours = pictures[index].reshape(VIEW, SIZE // VIEW, VIEW, SIZE // VIEW, 3)
        small[index] = fours.mean(axis=(1, 3)).round()
    return small


def _augment(pictures: torch.Tensor) -> torch.Tensor:
    """Softened and noisy at random, so that the judge reads generated pictures too."""
    if float(torch.rand(())) < 0.5:
        soft = functional.avg_pool2d(pictures, 3, 1, 1)
        pictures = torch.lerp(pictures, soft, float(torch.rand(())))
    return pictures + torch.randn_like(pictures) * 0.08 * torch.rand(len(pictures), 1, 1, 1)


def _cells(keypoints: NDArray[np.float32]) -> NDArray[np.int64]:
    grid = (keypoints * GRID).astype(np.int64).clip(0, GRID - 1)
    cells: NDArray[np.int64] = grid[..., 1] * GRID + grid[..., 0]
    return cells
