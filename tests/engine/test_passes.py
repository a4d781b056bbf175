"""Previews, hires. fix and face restoration."""

from itertools import count

import numpy as np
import pytest
from PIL import Image

from studio.engine.engine import Engine
from studio.recipes.generation.recipe import FaceRestoration
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import pixels


def test_previews_approach_the_final_image(harness: RenderHarness) -> None:
    previews: list[Image.Image] = []
    job = harness.job("sporty", steps=10, denoising_strength=0.8)
    # A second passes whenever the clock is read: each preview is due.
    engine = Engine(harness.catalog, "cpu", clock=count().__next__)
    harness = RenderHarness(harness.studio, harness.catalog, engine)
    final = harness.render(job, on_preview=previews.append).image
    assert [preview.size for preview in previews] == [(32, 32)] * 7
    small = pixels(final.resize((32, 32), Image.Resampling.BOX))
    distances = [np.abs(pixels(preview) - small).mean() for preview in previews]
    assert distances[-1] < distances[0]
    assert distances[-1] < 30


@pytest.mark.parametrize("upscaler", ["Latent", "Lanczos"])
def test_hires_fix_runs_a_second_pass_at_the_larger_size(
    harness: RenderHarness, upscaler: str
) -> None:
    reported: list[tuple[int, int]] = []
    hires_fix = {
        "enabled": True,
        "upscaler": upscaler,
        "scale_factor": 1.5,
        "steps": 4,
        "denoising_strength": 0.5,
    }
    small, large = (
        harness.job(steps=6, denoising_strength=0.5),
        harness.job(steps=6, denoising_strength=0.5, upscale=hires_fix),
    )
    first = harness.render(small).image
    image = harness.render(large, on_step=lambda done, total: reported.append((done, total))).image
    assert image.size == (384, 384)
    assert reported == [(step, 5) for step in range(1, 6)]
    difference = pixels(image.resize((256, 256), Image.Resampling.BOX)) - pixels(first)
    assert 1 < np.abs(difference).mean() < 40


def test_face_restoration_changes_no_pixel_outside_the_face(harness: RenderHarness) -> None:
    settings = {
        "enabled": True,
        "denoising_strength": 0.5,
        "render_size": 128,
        "padding": 16,
        "mask_blur": 3,
    }
    job = harness.job()
    before = pixels(harness.render(job).image)
    after = pixels(harness.render(harness.job(face_repair=settings)).image)
    changed = (before != after).any(axis=-1)
    rows, columns = np.nonzero(changed)
    keypoints = job.base_image.keypoints
    assert keypoints is not None
    assert keypoints[0] is not None
    nose = (keypoints[0][0] * 256, keypoints[0][1] * 256)
    assert changed.mean() > 0.01
    assert np.abs(columns - nose[0]).max() < 80
    assert np.abs(rows - nose[1]).max() < 80


def test_face_restoration_without_keypoints_changes_nothing(harness: RenderHarness) -> None:
    units = [u.model_dump() for u in harness.job().recipe.control_units if u.preprocessor != "pose"]
    job = harness.job(control_units=units, face_repair={"enabled": True, "render_size": 128})
    without_keypoints = job.model_copy(
        update={"base_image": job.base_image.model_copy(update={"keypoints": None})}
    )
    without_restoration = job.model_copy(
        update={"recipe": job.recipe.model_copy(update={"face_repair": FaceRestoration()})}
    )
    assert (
        pixels(harness.render(without_keypoints).image)
        == pixels(harness.render(without_restoration).image)
    ).all()
