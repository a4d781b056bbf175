"""The doodles that break themes: what users draw who fill the page, or next to nothing."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

NEON = ((57, 255, 20), (255, 20, 147), (0, 255, 255), (255, 255, 0), (255, 95, 31), (191, 0, 255))


def _all_black(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (0, 0, 0, 255))


def _all_white(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (255, 255, 255, 255))


def _half_transparent(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (126, 66, 178, 128))


def _one_dot(width: int, height: int) -> Image.Image:
    layer, draw = _empty(width, height)
    radius = max(2, min(width, height) // 64)
    x, y = width // 2, height // 2
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), (214, 40, 48, 255))
    return layer


def _neon_noise(width: int, height: int) -> Image.Image:
    """Blocks of glaring colours, the same each time, a fifth of them left out."""
    chance = np.random.default_rng(1)
    cells = np.zeros((16, 16, 4), np.uint8)
    cells[..., :3] = np.array(NEON)[chance.integers(0, len(NEON), (16, 16))]
    cells[..., 3] = np.where(chance.random((16, 16)) < 0.8, 255, 0)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.NEAREST)


def _text(width: int, height: int) -> Image.Image:
    layer, draw = _empty(width, height)
    font = ImageFont.load_default(height // 8)
    for line, word in enumerate(("HELLO", "buy now", "12345", "X X X")):
        draw.text((width // 12, height * (2 * line + 1) // 9), word, (20, 20, 24, 255), font)
    return layer


def _off_the_figure(width: int, height: int) -> Image.Image:
    """A sun and a hill in the corners, where figures do not stand."""
    layer, draw = _empty(width, height)
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
    "off-the-figure": _off_the_figure,
    "half-transparent": _half_transparent,
}
"""Each as an RGBA layer of width x height pixels, the same whenever it is drawn."""


def _empty(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    layer = Image.new("RGBA", (width, height))
    return layer, ImageDraw.Draw(layer)
