"""The shipped weights still make the pictures they were shipped with, and good ones."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from studio.app import AppContainer
from studio.recipes.themes.preset import SLOTS, Slot
from tests.golden.make import FOLDER, GOLDEN, render

MEAN_DIFFERENCE = 4.0
"""Of 255: what other processors' rounding may add up to, and far less than a mistake does."""

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@pytest.fixture(scope="module")
def variants(shipped_studio: AppContainer) -> dict[Slot, Image.Image]:
    return render(shipped_studio, *GOLDEN)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB")).astype(np.float32)


@pytest.mark.parametrize("slot", SLOTS)
def test_the_image_is_the_golden_one(variants: dict[Slot, Image.Image], slot: Slot) -> None:
    golden = pixels(Image.open(FOLDER / f"{slot}.png"))
    assert np.abs(pixels(variants[slot]) - golden).mean() < MEAN_DIFFERENCE


def test_the_four_differ_from_one_another(variants: dict[Slot, Image.Image]) -> None:
    for one in SLOTS:
        for other in SLOTS:
            if one < other:
                assert np.abs(pixels(variants[one]) - pixels(variants[other])).mean() > 1


@pytest.mark.parametrize(("name", "base"), [("star-dress", "mia"), ("green-gown", "rosa")])
def test_the_doodles_garment_keeps_its_color(
    shipped_studio: AppContainer, name: str, base: str
) -> None:
    """Inside the dress, in every variant, the median colour is near the paint's."""
    doodle = next(each for each in shipped_studio.sample_doodles if each.name == name)
    layer = np.asarray(Image.open(io.BytesIO(doodle.png)))
    paints = layer[layer[..., 3] > 0][:, :3]
    paint = np.median(paints, axis=0)
    patch = Image.fromarray((layer[..., :3] == paint).all(axis=-1))
    inside = np.asarray(patch.convert("L").filter(ImageFilter.MinFilter(9))) > 0
    assert inside.sum() > 1000
    for slot, image in render(shipped_studio, name, base, "").items():
        median = np.median(pixels(image)[inside], axis=0)
        assert np.abs(median - paint).mean() < 40, slot


def test_a_page_scribbled_black_still_yields_the_figure(shipped_studio: AppContainer) -> None:
    """In every variant the head stands out from its surroundings, where the base has it."""
    points = shipped_studio.base_images.get("noah").keypoints
    assert points is not None
    assert points[0] is not None
    x, y = (round(256 * share) for share in points[0])
    for slot, image in render(shipped_studio, "all-black", "noah", "").items():
        seen = pixels(image)
        head, corner = seen[y - 8 : y + 24, x - 16 : x + 16], seen[8:40, 8:40]
        contrast = np.abs(np.median(head, axis=(0, 1)) - np.median(corner, axis=(0, 1))).mean()
        assert contrast > 25, slot
