"""The bundled weights still render the golden images, and good ones."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageFilter

from studio.app import AppContainer
from studio.recipes.themes.preset import SLOTS, Slot
from tests.golden.make import GOLDEN_DIR, GOLDEN_INPUTS, render

MEAN_DIFFERENCE = 4.0
"""Of 255: rounding on other processors stays below it, a mistake is far above."""

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@pytest.fixture(scope="module")
def variants(shipped_studio: AppContainer) -> dict[Slot, Image.Image]:
    return render(shipped_studio, *GOLDEN_INPUTS)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB")).astype(np.float32)


@pytest.mark.parametrize("slot", SLOTS)
def test_image_matches_the_golden_image(variants: dict[Slot, Image.Image], slot: Slot) -> None:
    golden = pixels(Image.open(GOLDEN_DIR / f"{slot}.png"))
    assert np.abs(pixels(variants[slot]) - golden).mean() < MEAN_DIFFERENCE


def test_four_variants_differ_from_one_another(variants: dict[Slot, Image.Image]) -> None:
    for first, second in itertools.combinations(SLOTS, 2):
        assert np.abs(pixels(variants[first]) - pixels(variants[second])).mean() > 1


@pytest.mark.parametrize(("name", "base"), [("star-dress", "mia"), ("green-gown", "rosa")])
def test_garment_keeps_the_color_of_the_doodle(
    shipped_studio: AppContainer, name: str, base: str
) -> None:
    """Inside the dress, the median color of every variant is near the doodle's."""
    doodle = next(
        sample for sample in shipped_studio.authoring.sample_doodles if sample.name == name
    )
    layer = np.asarray(Image.open(io.BytesIO(doodle.png)))
    painted = layer[layer[..., 3] > 0][:, :3]
    doodle_color = np.median(painted, axis=0)
    garment = Image.fromarray((layer[..., :3] == doodle_color).all(axis=-1))
    inside = np.asarray(garment.convert("L").filter(ImageFilter.MinFilter(9))) > 0
    assert inside.sum() > 1000
    for slot, image in render(shipped_studio, name, base, "").items():
        median = np.median(pixels(image)[inside], axis=0)
        assert np.abs(median - doodle_color).mean() < 40, slot


def test_black_doodle_still_yields_the_character(shipped_studio: AppContainer) -> None:
    """In every variant the head differs from the background, where the base image has it."""
    keypoints = shipped_studio.stores.base_images.get("noah").keypoints
    assert keypoints is not None
    assert keypoints[0] is not None
    x, y = (round(256 * fraction) for fraction in keypoints[0])
    for slot, image in render(shipped_studio, "all-black", "noah", "").items():
        array = pixels(image)
        head, corner = array[y - 8 : y + 24, x - 16 : x + 16], array[8:40, 8:40]
        contrast = np.abs(np.median(head, axis=(0, 1)) - np.median(corner, axis=(0, 1))).mean()
        assert contrast > 25, slot
