"""Adversarial doodles of the robustness test: layers that cover everything, or contain next to nothing."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

NEON = ((57, 255, 20), (255, 20, 147), (0, 255, 255), (255, 255, 0), (255, 95, 31), (191, 0, 255))
"""RGB colors of the noise."""


def _all_black(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (0, 0, 0, 255))


def _all_white(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (255, 255, 255, 255))


def _half_transparent(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (126, 66, 178, 128))


def _one_dot(width: int, height: int) -> Image.Image:
    layer, draw = _new_layer(width, height)
    radius = max(2, min(width, height) // 64)
    x, y = width // 2, height // 2
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), (214, 40, 48, 255))
    return layer


def _neon_noise(width: int, height: int) -> Image.Image:
    """Blocks of neon colors, a fifth of them transparent. The seed is fixed."""
    rng = np.random.default_rng(1)
    cells = np.zeros((16, 16, 4), np.uint8)
    cells[..., :3] = np.array(NEON)[rng.integers(0, len(NEON), (16, 16))]
    cells[..., 3] = np.where(rng.random((16, 16)) < 0.8, 255, 0)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.NEAREST)


def _text(width: int, height: int) -> Image.Image:
    layer, draw = _new_layer(width, height)
    font = ImageFont.load_default(height // 8)
    for line, word in enumerate(("HELLO", "buy now", "12345", "X X X")):
        draw.text((width // 12, height * (2 * line + 1) // 9), word, (20, 20, 24, 255), font)
    return layer


def _off_the_character(width: int, height: int) -> Image.Image:
    """A sun and a hill in the corners, where characters do not stand."""
    layer, draw = _new_layer(width, height)
    draw.ellipse((-width // 8, -height // 8, width // 6, height // 6), (250, 212, 60, 255))
    draw.ellipse(
        (width * 4 // 5, height * 7 // 8, width * 6 // 5, height * 9 // 8), (60, 160, 80, 255)
    )
    return layer


ADVERSARIAL_DOODLES: Mapping[str, Callable[[int, int], Image.Image]] = {
    "all-black": _all_black,
    "all-white": _all_white,
    "one-dot": _one_dot,
    "neon-noise": _neon_noise,
    "text": _text,
    "off-the-figure": _off_the_character,
    "half-transparent": _half_transparent,
}
"""Functions by name that render an RGBA layer of width x height pixels. Deterministic."""


def _new_layer(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    layer = Image.new("RGBA", (width, height))
    return layer, ImageDraw.Draw(layer)
