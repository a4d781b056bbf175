"""Issue 23, 2: the drift lock in the engine's results."""

import pytest

from studio.recipes.generation.planning import group_into_batches
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import pixels
from tests.engine.test_batches import render_batch
from tests.engine.test_masks import MASK, base_pixels, masked_area


def test_measuring_changes_no_byte_and_correcting_brings_the_colors_back(
    harness: RenderHarness,
) -> None:
    off, measured, corrected = (
        harness.render(harness.job("sporty", "D", steps=4, drift_lock=lock))
        for lock in ("off", "measure", "correct")
    )
    assert off.finished.drift is None
    assert measured.image.tobytes() == off.image.tobytes()
    before, after = measured.finished.drift, corrected.finished.drift
    assert before is not None
    assert after is not None
    assert before.tint is not None
    assert after.tint is not None
    assert corrected.finished.drift_before == before
    assert before.tint > 1 > after.tint
    assert before.face_similarity is not None


def test_jobs_of_a_batch_have_drift_locks_of_their_own(harness: RenderHarness) -> None:
    jobs = [harness.job("sporty", steps=2, drift_lock=lock) for lock in ("off", "measure")]
    assert len(group_into_batches(jobs)) == 1
    results = render_batch(harness, jobs)
    assert [result.finished.drift is None for result in results] == [True, False]


@pytest.mark.parametrize("lock", ["measure", "correct"])
def test_outside_the_mask_every_byte_is_the_base_images(harness: RenderHarness, lock: str) -> None:
    job = harness.job("star-dress", steps=4, mask=MASK, drift_lock=lock)
    result = harness.render(job)
    base = base_pixels(harness, job, result.image.size)
    outside = ~masked_area(job, result.image.size)
    assert (pixels(result.image)[outside] == base[outside]).all()
    assert result.finished.drift is not None
    assert result.finished.drift.changed_share == 0
