"""Issue 23, 1: only what a mask covers is rendered."""

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LMSDiscreteScheduler,
    StableDiffusionInpaintPipeline,
    UniPCMultistepScheduler,
)
from PIL import Image

from studio.engine.diffusion.latent_start import LatentImg2ImgPipeline
from studio.engine.diffusion.masked_latents import MaskedLatents
from studio.engine.results import RenderListener
from studio.errors import InvalidInputError
from studio.imaging.masks import inpaint_mask
from studio.imaging.zones import decode_zones
from studio.recipes.base_image import ZoneImages
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import MaskSettings
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.zones import set_zones
from tests.engine import tiny
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import Pixels, pixels

MASK = {"area": "doodle", "grow": 12, "feather": 6}
SCHEDULERS = (
    EulerDiscreteScheduler,
    EulerAncestralDiscreteScheduler,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    UniPCMultistepScheduler,
    LMSDiscreteScheduler,
)


def masked_area(job: RenderJob, size: tuple[int, int]) -> np.ndarray:
    mask = mask_of(job, size, decode(job.doodle.png_bytes) if job.doodle else None)
    return np.asarray(mask) > 0


def mask_of(job: RenderJob, size: tuple[int, int], layer: Image.Image | None) -> Image.Image:
    base_image = job.base_image
    zones = decode_zones(job.zone_images, (base_image.width, base_image.height))
    mask = inpaint_mask(job.recipe.mask, size, layer, zones, base_image.keypoints)
    assert mask is not None
    return mask


def base_pixels(harness: RenderHarness, job: RenderJob, size: tuple[int, int]) -> Pixels:
    base = decode(harness.studio.stores.base_images.read_png(job.base_image)).convert("RGB")
    return pixels(base.resize(size, Image.Resampling.LANCZOS))


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("doodle", ["star-dress", "half-transparent", "neon-noise"])
def test_outside_the_mask_every_byte_is_the_base_images(
    harness: RenderHarness, slot: Slot, doodle: str
) -> None:
    job = harness.job(doodle, slot, steps=4, mask=MASK)
    image = harness.render(job).image
    area, base = masked_area(job, image.size), base_pixels(harness, job, image.size)
    assert (pixels(image)[~area] == base[~area]).all()
    assert (pixels(image)[area] != base[area]).any()


@pytest.mark.parametrize(
    "changes",
    [
        {"upscale": {"enabled": True, "scale_factor": 1.5, "steps": 2}},
        {"face_repair": {"enabled": True, "render_size": 128, "denoising_strength": 0.5}},
        {"denoising_strength": 0.0},
        {"sampler": "Heun"},
        {"sampler": "PLMS"},
        {"deepcache_interval": 2, "guidance_end_fraction": 0.5},
    ],
)
def test_it_holds_with_every_pass_and_sampler(
    harness: RenderHarness, changes: dict[str, Any]
) -> None:
    job = harness.job("star-dress", steps=4, mask={**MASK, "keep_face": True}, **changes)
    image = harness.render(job).image
    area, base = masked_area(job, image.size), base_pixels(harness, job, image.size)
    assert (pixels(image)[~area] == base[~area]).all()


def test_the_face_outside_the_mask_costs_no_steps(harness: RenderHarness) -> None:
    def steps(**changes: Any) -> int:
        totals: set[int] = set()
        job = harness.job("dotted-skirt", steps=4, **changes)
        harness.render(job, on_step=lambda _done, total: totals.add(total))
        return totals.pop()

    repair = {"enabled": True, "render_size": 128, "denoising_strength": 0.5}
    assert (
        steps(mask=MASK | {"keep_face": True}, face_repair=repair)
        == steps()
        < steps(face_repair=repair)
    )


def test_jobs_of_a_batch_have_masks_of_their_own(harness: RenderHarness) -> None:
    jobs = [harness.job(name, steps=4, mask=MASK) for name in ("star-dress", "dotted-skirt")]
    assert (
        len({job.base_image.id for job in jobs}) == 2 or len({id(job.doodle) for job in jobs}) == 2
    )
    bases = [decode(harness.studio.stores.base_images.read_png(job.base_image)) for job in jobs]
    doodles = [decode(job.doodle.png_bytes) for job in jobs if job.doodle]
    results = harness.engine.render_batch(jobs, bases, doodles, [RenderListener()] * 2)
    for job, result in zip(jobs, results, strict=True):
        area, base = (
            masked_area(job, result.image.size),
            base_pixels(harness, job, result.image.size),
        )
        assert (pixels(result.image)[~area] == base[~area]).all()
        assert (pixels(result.image)[area] != base[area]).any()


def test_an_empty_doodle_is_refused_by_name(harness: RenderHarness) -> None:
    job = harness.job("star-dress", mask=MASK)
    base = decode(harness.studio.stores.base_images.read_png(job.base_image))
    with pytest.raises(InvalidInputError, match="Recipe B: the area that may change is empty"):
        harness.engine.render(job, base, Image.new("RGBA", base.size), RenderListener())


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_hard_mask_is_diffusers_inpainting_bit_for_bit(scheduler: type[Any]) -> None:
    """StableDiffusionInpaintPipeline with a UNet of four channels, from the same latents."""
    parts = {**tiny.tiny("sd15").components, "image_encoder": None}
    components = {**parts, "scheduler": scheduler.from_config(parts["scheduler"].config)}
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(1, 4, 8, 8, generator=generator)
    embeds = torch.randn(1, 77, 32, generator=generator)
    pixels_of_mask = torch.zeros(1, 1, 64, 64)
    pixels_of_mask[..., 16:48, 24:56] = 1
    arguments: dict[str, Any] = {
        "image": start, "strength": 0.6, "num_inference_steps": 10, "guidance_scale": 3.0,
        "output_type": "latent", "prompt_embeds": embeds, "negative_prompt_embeds": -embeds,
    }  # fmt: skip
    theirs = StableDiffusionInpaintPipeline(**components, requires_safety_checker=False)
    ours = LatentImg2ImgPipeline(**components, requires_safety_checker=False)
    mask = Image.fromarray((pixels_of_mask[0, 0].numpy() * 255).astype(np.uint8))
    for pipe in (theirs, ours):
        pipe.set_progress_bar_config(disable=True)
    with torch.no_grad():
        expected = theirs(
            **arguments, mask_image=pixels_of_mask, masked_image_latents=start, height=64, width=64,
            generator=[torch.Generator().manual_seed(7)],
        ).images  # fmt: skip
        latents = ours(
            **arguments,
            generator=[torch.Generator().manual_seed(7)],
            callback_on_step_end=MaskedLatents(start, [mask], [7], 6),
            callback_on_step_end_tensor_inputs=["latents"],
        ).images
    assert torch.equal(latents, expected)
    assert torch.equal(latents[..., :2, :], start[..., :2, :])


def test_a_kept_face_is_never_painted_over(harness: RenderHarness) -> None:
    """Beside it the model sees the face, not the doodle on it, and no color of the doodle is matched."""
    mask = {**MASK, "keep_face": True}
    job = harness.job("star-dress", steps=4, mask=mask, denoising_strength=0.0)
    base = decode(harness.studio.stores.base_images.read_png(job.base_image)).convert("RGB")
    red = Image.new("RGBA", base.size, (200, 20, 20, 255))
    image = pixels(harness.engine.render(job, base, red, RenderListener()).image)
    area = np.asarray(mask_of(job, (256, 256), red))
    assert (image[area == 0] == base_pixels(harness, job, (256, 256))[area == 0]).all()
    assert (image[area == 255] == (200, 20, 20)).all()


@pytest.mark.parametrize("area", ["garment", "both"])
@pytest.mark.parametrize("doodle", ["star-dress", None])
def test_the_clothes_zone_changes_with_and_without_a_doodle(
    harness: RenderHarness, area: str, doodle: str | None
) -> None:
    """The shipped base images have zones: their clothes may change, head and hands never."""
    mask = {"area": area, "grow": 4, "feather": 2}
    job = harness.job(doodle, steps=4, mask=mask, control_units=())
    image, base = pixels(harness.render(job).image), base_pixels(harness, job, (256, 256))
    changeable = masked_area(job, (256, 256))
    assert (image[~changeable] == base[~changeable]).all()
    zones = decode_zones(job.zone_images, (256, 256))
    clothes, protected = (np.asarray(zone) > 0 for zone in (zones.clothes, zones.protected))
    assert (image[protected] == base[protected]).all()
    assert (image[clothes] != base[clothes]).any(axis=-1).mean() > 0.5


def test_a_job_keeps_the_zones_it_was_made_with(harness: RenderHarness) -> None:
    """A job that waits renders as it was accepted, whatever is painted meanwhile."""
    store = harness.studio.stores.base_images
    job = harness.job("star-dress", steps=2, mask={"area": "garment", "grow": 0})
    before, masks = pixels(harness.render(job).image), store.read_zones(job.base_image)
    try:
        set_zones(store, "mia", ZoneImages(clothes=masks.protected))
        assert (pixels(harness.render(job).image) == before).all()
        later = harness.job("star-dress", steps=2, mask={"area": "garment", "grow": 0})
        assert later.base_image.zones != job.base_image.zones
        assert (pixels(harness.render(later).image) != before).any()
    finally:
        set_zones(store, "mia", masks)
    assert store.get("mia").zones == job.base_image.zones


def test_a_kept_face_without_keypoints_is_refused(harness: RenderHarness) -> None:
    job = harness.job("star-dress", mask={**MASK, "keep_face": True}, control_units=())
    base_image = job.base_image.model_copy(update={"keypoints": None})
    with pytest.raises(InvalidInputError, match="no pose keypoints"):
        harness.render(job.model_copy(update={"base_image": base_image}))


def test_settings_outside_their_range_are_refused() -> None:
    for changes in ({"grow": 257}, {"feather": -1}, {"area": "everything"}):
        with pytest.raises(ValueError, match="mask|grow|feather|area|less|greater|doodle"):
            MaskSettings.model_validate(changes)
