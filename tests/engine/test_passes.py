"""Previews, the second pass at a larger size, and faces drawn once more."""

import numpy as np
import pytest
from PIL import Image

from studio.recipes.generation.recipe import FaceRestoration
from tests.engine.conftest import Easel
from tests.engine.pixels import pixels


def test_previews_come_with_the_steps_and_grow_towards_the_image(easel: Easel) -> None:
    seen: list[Image.Image] = []
    job = easel.job("sporty", steps=10, strength=0.8)
    final = easel.render(job, on_preview=seen.append).image
    assert [preview.size for preview in seen] == [(32, 32)] * 7
    small = pixels(final.resize((32, 32), Image.Resampling.BOX))
    away = [np.abs(pixels(preview) - small).mean() for preview in seen]
    assert away[-1] < away[0]
    assert away[-1] < 30


@pytest.mark.parametrize("upscaler", ["Latent", "Lanczos"])
def test_upscaling_draws_a_second_pass_at_the_larger_size(easel: Easel, upscaler: str) -> None:
    seen: list[tuple[int, int]] = []
    enlarge = {
        "enabled": True,
        "upscaler": upscaler,
        "factor": 1.5,
        "steps": 4,
        "denoising_strength": 0.5,
    }
    small, large = (
        easel.job(steps=6, strength=0.5),
        easel.job(steps=6, strength=0.5, upscale=enlarge),
    )
    first = easel.render(small).image
    image = easel.render(large, on_step=lambda d, t: seen.append((d, t))).image
    assert image.size == (384, 384)
    assert seen == [(step, 5) for step in range(1, 6)]
    away = pixels(image.resize((256, 256), Image.Resampling.BOX)) - pixels(first)
    assert 1 < np.abs(away).mean() < 40


def test_face_repair_redraws_the_face_and_not_one_pixel_elsewhere(easel: Easel) -> None:
    mend = {"enabled": True, "denoising_strength": 0.5, "size": 128, "padding": 16, "blur": 3}
    plain = easel.job()
    before = pixels(easel.render(plain).image)
    after = pixels(easel.render(easel.job(face_repair=mend)).image)
    changed = (before != after).any(axis=-1)
    rows, columns = np.nonzero(changed)
    points = plain.base_image.keypoints
    assert points is not None
    assert points[0] is not None
    nose = (points[0][0] * 256, points[0][1] * 256)
    assert changed.mean() > 0.01
    assert np.abs(columns - nose[0]).max() < 80
    assert np.abs(rows - nose[1]).max() < 80


def test_a_base_without_keypoints_has_no_face_to_repair(easel: Easel) -> None:
    units = [u.model_dump() for u in easel.job().recipe.control_units if u.preprocessor != "pose"]
    job = easel.job(control_units=units, face_repair={"enabled": True, "size": 128})
    bare = job.model_copy(
        update={"base_image": job.base_image.model_copy(update={"keypoints": None})}
    )
    whole = job.model_copy(
        update={"recipe": job.recipe.model_copy(update={"face_repair": FaceRestoration()})}
    )
    assert (pixels(easel.render(bare).image) == pixels(easel.render(whole).image)).all()
