"""The pocket family does what its cards say: two styles, three ControlNets, four LoRAs."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from studio.imaging.png_io import decode_png
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from tests import examples
from tests.engine.conftest import Easel
from tests.engine.pixels import pixels

NETS = ("scribble", "lineart", "pose")
BASES = ("pocket-ink", "pocket-water")
SEEDS = (3, 5, 8)


def job(
    easel: Easel, base: str = "pocket-ink", doodle: str = "green-gown", **changes: Any
) -> RenderJob:
    settings: dict[str, Any] = {
        "base_model": ModelRef(name=base),
        "denoising_strength": 0.7,
        "steps": 12,
        "control_units": (examples.unit("scribble"), examples.unit("pose")),
    }
    return easel.job(doodle, **(settings | changes))


def lora(name: str, weight: float = 1.0) -> dict[str, Any]:
    return {"loras": (LoraSettings(model=ModelRef(name=f"pocket-{name}"), weight=weight),)}


def drawn(easel: Easel, wanted: RenderJob, words: str = "") -> list[NDArray[np.int16]]:
    """The job's pictures at a few seeds; `words` are said first, as a LoRA's trigger is."""
    prompt = ", ".join(part for part in (words, wanted.prompt) if part)
    jobs = [wanted.model_copy(update={"seed": seed, "prompt": prompt}) for seed in SEEDS]
    return [pixels(easel.render(each).image) for each in jobs]


def clothes(wanted: RenderJob) -> NDArray[np.bool_]:
    """Where the doodle is."""
    assert wanted.doodle is not None
    layer = np.asarray(decode_png(wanted.doodle.png_bytes, "the doodle"))
    return np.asarray(layer[..., 3] > 0)


def dark_lines(image: NDArray[np.int16]) -> int:
    return int((image.max(axis=-1) < 70).sum())


def saturation(image: NDArray[np.int16], where: NDArray[np.bool_]) -> float:
    return float(np.median((image.max(axis=-1) - image.min(axis=-1))[where]))


def test_ink_has_dark_lines_and_watercolour_none(easel: Easel) -> None:
    ink, water = (drawn(easel, job(easel, base, "sporty")) for base in BASES)
    assert min(map(dark_lines, ink)) > 2 * max(map(dark_lines, water))


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("net", NETS)
def test_each_controlnet_speaks_to_each_base_model_and_at_weight_0_to_none(
    easel: Easel, base: str, net: str
) -> None:
    none, silent, spoken = (
        pixels(easel.render(job(easel, base, control_units=units)).image)
        for units in ((), (examples.unit(net, weight=0.0),), (examples.unit(net),))
    )
    assert (none == silent).all()
    assert np.abs(none - spoken).mean() > 0.1


@pytest.mark.parametrize("base", BASES)
def test_pastel_makes_clothes_paler(easel: Easel, base: str) -> None:
    plain = job(easel, base)
    pastel, where = job(easel, base, **lora("pastel", 1.5)), clothes(plain)
    before = [float(p[where].mean()) for p in drawn(easel, plain)]
    after = [float(p[where].mean()) for p in drawn(easel, pastel, "pastel colours")]
    assert np.mean(after) > np.mean(before) + 15


@pytest.mark.parametrize("base", BASES)
def test_neon_brightens_clothes_before_a_dark_page(easel: Easel, base: str) -> None:
    plain = job(easel, base)
    neon, where = job(easel, base, **lora("neon")), clothes(plain)
    before, after = drawn(easel, plain), drawn(easel, neon, "neon lights")
    beside = (slice(100, 140), slice(28, 52))  # Of the figure: a wash leaves its corners bare.
    assert max(float(p[beside].mean()) for p in after) < 0.7 * min(float(p[beside].mean()) for p in before)  # fmt: skip
    assert np.mean([saturation(p, where) for p in after]) > np.mean([saturation(p, where) for p in before])  # fmt: skip


@pytest.mark.parametrize("base", BASES)
def test_gingham_checks_clothes_and_leaves_the_page(easel: Easel, base: str) -> None:
    units = (examples.unit("scribble", end=0.7), examples.unit("pose"))
    plain = job(easel, base, control_units=units, guidance_scale=2.5)
    checked = plain.model_copy(update=lora("gingham", 1.7))
    before, after = drawn(easel, plain), drawn(easel, checked, "gingham cloth")
    where, page = clothes(plain), ~clothes(plain)
    unlike = [np.mean([across(p, where) for p in side]) for side in (before, after)]
    assert unlike[1] > 2 * unlike[0]
    moved = [np.abs(a - b) for a, b in zip(before, after, strict=True)]
    assert np.mean([m[where].mean() for m in moved]) > 2 * np.mean([m[page].mean() for m in moved])


def across(image: NDArray[np.int16], where: NDArray[np.bool_], period: int = 8) -> float:
    """How unlike places half a check apart are, inside the clothes, across the page."""
    inside = ndimage.binary_erosion(where, iterations=4)
    both = inside[:, period:] & inside[:, :-period]
    unlike = np.abs(image[:, period:] - image[:, :-period]).mean(axis=-1)
    return float(unlike[both].mean())


@pytest.mark.parametrize("base", BASES)
def test_four_steps_are_enough_with_the_few_step_lora(easel: Easel, base: str) -> None:
    settings: dict[str, Any] = {
        "sampler": "LCM",
        "steps": 7,
        "denoising_strength": 0.6,
        "guidance_scale": 1.0,
    }
    quick = job(easel, base, **settings, **lora("few-step"))
    steps: list[int] = []
    image = easel.render(quick, on_step=lambda done, total: steps.append(total)).image
    assert set(steps) == {4}
    green = pixels(image)[clothes(quick)].mean(axis=0)
    assert green[1] > green[0] + 20
    assert green[1] > green[2] + 10
    assert sharpness(image) > 0.5 * sharpness(easel.render(job(easel, base)).image)


def sharpness(image: Image.Image) -> float:
    grey = np.asarray(image.convert("L")).astype(int)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())
