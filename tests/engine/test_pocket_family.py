"""The pocket models do what their cards say: two styles, three ControlNets, four LoRAs."""

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
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import pixels

CONTROLNETS = ("scribble", "lineart", "pose")
BASES = ("pocket-ink", "pocket-water")
SEEDS = (3, 5, 8)


def job(
    harness: RenderHarness, base: str = "pocket-ink", doodle: str = "green-gown", **changes: Any
) -> RenderJob:
    settings: dict[str, Any] = {
        "base_model": ModelRef(name=base),
        "denoising_strength": 0.7,
        "steps": 12,
        "control_units": (examples.unit("scribble"), examples.unit("pose")),
    }
    return harness.job(doodle, **(settings | changes))


def lora(name: str, weight: float = 1.0) -> dict[str, Any]:
    return {"loras": (LoraSettings(model=ModelRef(name=f"pocket-{name}"), weight=weight),)}


def render_seeds(
    harness: RenderHarness, job: RenderJob, trigger: str = ""
) -> list[NDArray[np.int16]]:
    """The job's images at a few seeds; `trigger` words come first in the prompt."""
    prompt = ", ".join(part for part in (trigger, job.prompt) if part)
    jobs = [job.model_copy(update={"seed": seed, "prompt": prompt}) for seed in SEEDS]
    return [pixels(harness.render(seeded).image) for seeded in jobs]


def doodle_mask(job: RenderJob) -> NDArray[np.bool_]:
    """(height, width): where the doodle covers the base image."""
    assert job.doodle is not None
    layer = np.asarray(decode_png(job.doodle.png_bytes, "the doodle"))
    return np.asarray(layer[..., 3] > 0)


def count_dark_pixels(image: NDArray[np.int16]) -> int:
    return int((image.max(axis=-1) < 70).sum())


def saturation(image: NDArray[np.int16], mask: NDArray[np.bool_]) -> float:
    return float(np.median((image.max(axis=-1) - image.min(axis=-1))[mask]))


def test_ink_style_has_dark_lines_and_watercolor_has_none(harness: RenderHarness) -> None:
    ink, water = (render_seeds(harness, job(harness, base, "sporty")) for base in BASES)
    assert min(map(count_dark_pixels, ink)) > 2 * max(map(count_dark_pixels, water))


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("controlnet", CONTROLNETS)
def test_every_controlnet_affects_every_base_model_except_at_weight_0(
    harness: RenderHarness, base: str, controlnet: str
) -> None:
    none, inactive, active = (
        pixels(harness.render(job(harness, base, control_units=units)).image)
        for units in ((), (examples.unit(controlnet, weight=0.0),), (examples.unit(controlnet),))
    )
    assert (none == inactive).all()
    assert np.abs(none - active).mean() > 0.1


@pytest.mark.parametrize("base", BASES)
def test_pastel_lora_makes_clothes_paler(harness: RenderHarness, base: str) -> None:
    without_lora = job(harness, base)
    pastel, mask = job(harness, base, **lora("pastel", 1.5)), doodle_mask(without_lora)
    before = [float(p[mask].mean()) for p in render_seeds(harness, without_lora)]
    after = [float(p[mask].mean()) for p in render_seeds(harness, pastel, "pastel colours")]
    assert np.mean(after) > np.mean(before) + 15


@pytest.mark.parametrize("base", BASES)
def test_neon_lora_brightens_clothes_and_darkens_the_background(
    harness: RenderHarness, base: str
) -> None:
    without_lora = job(harness, base)
    neon, mask = job(harness, base, **lora("neon")), doodle_mask(without_lora)
    before, after = render_seeds(harness, without_lora), render_seeds(harness, neon, "neon lights")
    # Beside the character: the watercolor style leaves the corners white.
    background = (slice(100, 140), slice(28, 52))
    assert max(float(p[background].mean()) for p in after) < 0.7 * min(
        float(p[background].mean()) for p in before
    )
    assert np.mean([saturation(p, mask) for p in after]) > np.mean(
        [saturation(p, mask) for p in before]
    )


@pytest.mark.parametrize("base", BASES)
def test_gingham_lora_adds_checks_to_clothes_only(harness: RenderHarness, base: str) -> None:
    units = (examples.unit("scribble", end=0.7), examples.unit("pose"))
    without_lora = job(harness, base, control_units=units, guidance_scale=2.5)
    checked = without_lora.model_copy(update=lora("gingham", 1.7))
    before, after = (
        render_seeds(harness, without_lora),
        render_seeds(harness, checked, "gingham cloth"),
    )
    mask, background = doodle_mask(without_lora), ~doodle_mask(without_lora)
    contrast = [np.mean([check_contrast(p, mask) for p in images]) for images in (before, after)]
    assert contrast[1] > 2 * contrast[0]
    differences = [np.abs(a - b) for a, b in zip(before, after, strict=True)]
    assert np.mean([m[mask].mean() for m in differences]) > 2 * np.mean(
        [m[background].mean() for m in differences]
    )


def check_contrast(image: NDArray[np.int16], mask: NDArray[np.bool_], period: int = 8) -> float:
    """Mean difference between pixels half a check apart, inside the mask."""
    inside = ndimage.binary_erosion(mask, iterations=4)
    pairs = inside[:, period:] & inside[:, :-period]
    difference = np.abs(image[:, period:] - image[:, :-period]).mean(axis=-1)
    return float(difference[pairs].mean())


@pytest.mark.parametrize("base", BASES)
def test_few_step_lora_needs_four_steps(harness: RenderHarness, base: str) -> None:
    settings: dict[str, Any] = {
        "sampler": "LCM",
        "steps": 7,
        "denoising_strength": 0.6,
        "guidance_scale": 1.0,
    }
    few_step = job(harness, base, **settings, **lora("few-step"))
    steps: list[int] = []
    image = harness.render(few_step, on_step=lambda done, total: steps.append(total)).image
    assert set(steps) == {4}
    green = pixels(image)[doodle_mask(few_step)].mean(axis=0)
    assert green[1] > green[0] + 20
    assert green[1] > green[2] + 10
    assert sharpness(image) > 0.5 * sharpness(harness.render(job(harness, base)).image)


def sharpness(image: Image.Image) -> float:
    gray = np.asarray(image.convert("L")).astype(int)
    return float(np.abs(np.diff(gray, axis=0)).mean() + np.abs(np.diff(gray, axis=1)).mean())
