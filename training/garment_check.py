"""What a drawn figure wears: asked of pictures in which words alone said so."""

import numpy as np
import skia
from numpy.typing import NDArray
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from studio.imaging.color_metrics import SAME_COLOR_DELTA_E
from training.character import SIZE, Character
from training.colors import RGB
from training.garment_shapes import garment_parts
from training.garments import CUTS, Garment
from training.geometry import body_parts

MIN_COVERAGE = 0.3
"""Share of a garment's place that shows its color. Of 154 drawn pictures of plain clothes 94 %
pass in the color their caption names, 2 % in one of the others that are no neighbors of it."""


def shows_garment(picture: Image.Image, character: Character, kind: str, color: RGB) -> bool:
    """Whether the character wears a garment of this color where one of `kind` must be.

    `kind` is one of `garments.CLOTHES`. A part is enough (`MIN_COVERAGE`), for the skirt may be
    shorter than the middle one that is looked for, and a long top or a bag lie over it.
    """
    pixels = np.asarray(picture.convert("RGB"))[garment_mask(character, kind)]
    worn = rgb2lab(pixels / 255)
    target = np.broadcast_to(rgb2lab(np.array(color) / 255), worn.shape)
    return bool(np.mean(deltaE_ciede2000(target, worn) < SAME_COLOR_DELTA_E) > MIN_COVERAGE)


def garment_mask(character: Character, kind: str) -> NDArray[np.bool_]:
    """Where a sleeveless garment of `kind` and of middle length lies, (256, 256), without what
    the arms may hide of it."""
    cut = CUTS[kind][0] if kind in CUTS else ""
    middle = Garment(kind, color=(0, 0, 0), color_name="black", cut=cut, flare=0.3)
    body = body_parts(character)
    place = np.zeros((SIZE, SIZE), bool)
    for path in garment_parts(character, middle).values():
        place |= _filled(path)
    return place & ~_filled(body["arm_0"]) & ~_filled(body["arm_1"])


def _filled(path: skia.Path) -> NDArray[np.bool_]:
    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    with skia.Surface(pixels) as canvas:
        canvas.drawPath(path, skia.Paint(Color=skia.ColorBLACK, AntiAlias=False))
    return np.asarray(pixels[..., 3] > 0)
