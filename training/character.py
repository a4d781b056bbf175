"""The avatar: a chibi figure in a pose, with skin, hair and face, all drawn by chance."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from training.colors import BACKGROUNDS, EYES, HAIR, RGB, SKINS, jitter

SIZE = 256
"""Side of the square canvas in pixels; joints and lengths are in these units."""

HAIR_STYLES = (
    "short", "bob", "long", "ponytail", "buns", "spiky", "curly", "braids", "pigtails", "swept",
    "afro", "shaved",
)  # fmt: skip
MOUTHS = ("smile", "open", "calm", "grin", "surprised")
ARM_POSES = {  # (upper arm, forearm) from straight down, outward positive, degrees
    "down": ((10, 26), (4, 30)),
    "low": ((28, 46), (26, 52)),
    "out": ((55, 85), (50, 95)),
    "up": ((125, 150), (135, 170)),
    "hip": ((42, 56), (-58, -42)),
    "wave": ((60, 95), (140, 175)),
}
LEG_POSES = {  # (thigh, shin) from straight down, outward positive, degrees
    "straight": ((3, 8), (-2, 4)),
    "apart": ((12, 22), (-2, 14)),
    "kick": ((34, 52), (20, 58)),
    "bent": ((22, 34), (-26, -8)),
}
LEG_CHANCES = (0.5, 0.3, 0.1, 0.1)

Vec = tuple[float, float]


@dataclass(frozen=True)
class Character:
    """One avatar: where its joints are (pixels) and how it looks.

    `head_tilt` is in degrees, `head_turn` from -1 (looks to the picture's left) to 1 (right).
    """

    joints: tuple[Vec, ...]
    scale: float
    build: float
    head_tilt: float
    head_turn: float
    skin: RGB
    hair: RGB
    hair_name: str
    hair_style: str
    eyes: RGB
    mouth: str
    blush: bool
    freckles: bool
    glasses: bool
    background: RGB
    background_name: str
    arms: tuple[str, str]

    @property
    def head(self) -> Vec:
        return self.joints[0]

    @property
    def head_radius(self) -> float:
        return 35 * self.scale

    @property
    def keypoints(self) -> tuple[Vec, ...]:
        """The 18 COCO points as fractions of the canvas."""
        return tuple(
            (min(1.0, max(0.0, x / SIZE)), min(1.0, max(0.0, y / SIZE))) for x, y in self.joints
        )


def random_character(rng: np.random.Generator) -> Character:
    scale = rng.uniform(0.96, 1.16)
    build = rng.uniform(0.84, 1.24)
    tilt = rng.uniform(-14, 14)
    arms = (_pick(rng, ARM_POSES), _pick(rng, ARM_POSES))
    turn = float(np.clip(rng.normal(0, 0.45), -1, 1))
    hair_name = _pick(rng, HAIR)
    background_name = _pick(rng, BACKGROUNDS)
    return Character(
        joints=_joints(rng, scale, build, tilt, turn, arms),
        scale=scale,
        build=build,
        head_tilt=tilt,
        head_turn=turn,
        skin=jitter(SKINS[rng.integers(len(SKINS))], rng, 0.6),
        hair=jitter(HAIR[hair_name], rng),
        hair_name=hair_name,
        hair_style=_pick(rng, HAIR_STYLES),
        eyes=EYES[rng.integers(len(EYES))],
        mouth=_pick(rng, MOUTHS),
        blush=bool(rng.random() < 0.5),
        freckles=bool(rng.random() < 0.15),
        glasses=bool(rng.random() < 0.15),
        background=jitter(BACKGROUNDS[background_name], rng, 0.4),
        background_name=background_name,
        arms=arms,
    )


def _pick(rng: np.random.Generator, names: Iterable[str]) -> str:
    return str(rng.choice(list(names)))


def _joints(
    rng: np.random.Generator,
    scale: float,
    build: float,
    tilt: float,
    turn: float,
    arms: tuple[str, str],
) -> tuple[Vec, ...]:
    """Joint positions by walking down the skeleton from the pelvis."""
    lean = rng.uniform(-6, 6)
    long_legs = rng.uniform(0.9, 1.08)
    pelvis = (128 + rng.uniform(-14, 14), 168 + rng.uniform(-4, 4))
    neck = _walk(pelvis, 180 + lean, rng.uniform(54, 60) * scale)
    head = _walk(neck, 180 + lean + tilt * 0.4, 45 * scale)
    points: dict[int, Vec] = {0: head, 1: neck}
    across, face = 90 + lean, 90 + tilt
    center = _walk(head, face, turn * 9 * scale)
    for index, (side, shoulder, hip, eye, ear) in enumerate(
        ((-1, 2, 8, 14, 16), (1, 5, 11, 15, 17))
    ):
        upper, fore = _angles(rng, ARM_POSES[arms[index]])
        thigh, shin = _angles(rng, LEG_POSES[str(rng.choice(list(LEG_POSES), p=LEG_CHANCES))])
        points[shoulder] = _walk(_walk(neck, lean, 7 * scale), across, side * 21 * scale * build)
        points[shoulder + 1] = _walk(points[shoulder], side * upper + lean, 25 * scale)
        points[shoulder + 2] = _walk(points[shoulder + 1], side * fore + lean, 25 * scale)
        points[hip] = _walk(pelvis, across, side * 12 * scale * build)
        points[hip + 1] = _walk(points[hip], side * thigh, 28 * scale * long_legs)
        points[hip + 2] = _walk(points[hip + 1], side * shin, 29 * scale * long_legs)
        points[eye] = _walk(_walk(center, face, side * 13 * scale), face - 90, 4 * scale)
        points[ear] = _walk(head, face, side * 34 * scale)
    return tuple(points[index] for index in range(18))


def _angles(
    rng: np.random.Generator, ranges: tuple[tuple[float, float], tuple[float, float]]
) -> tuple[float, float]:
    return float(rng.uniform(*ranges[0])), float(rng.uniform(*ranges[1]))


def _walk(start: Vec, degrees: float, length: float) -> Vec:
    """`length` onward from `start`; 0 degrees is down, 90 is towards the picture's right."""
    turn = math.radians(degrees)
    return start[0] + length * math.sin(turn), start[1] + length * math.cos(turn)
