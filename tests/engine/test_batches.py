"""Batched jobs: nearly the images they would be alone, each with its own progress."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from studio.engine.results import RenderListener, RenderResult
from studio.errors import JobCancelledError, RenderError
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from tests import examples
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import pixels

MAX_MEAN_DIFFERENCE = 1.0
"""Of 0-255: a batch sums up in another order."""


def render_batch(
    harness: RenderHarness, jobs: Sequence[RenderJob], *listeners: RenderListener
) -> tuple[RenderResult, ...]:
    base, doodle = (
        decode(harness.studio.stores.base_images.read_png(jobs[0].base_image)),
        jobs[0].doodle,
    )
    return harness.engine.render_batch(
        jobs,
        base,
        decode(doodle.png_bytes) if doodle else None,
        listeners or [RenderListener()] * len(jobs),
    )


def three_jobs(harness: RenderHarness, **changes: Any) -> list[RenderJob]:
    first = harness.job(**changes)
    return [
        first,
        first.model_copy(update={"slot": "C", "seed": 99}),
        first.model_copy(update={"slot": "D", "prompt": "a blue dress"}),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"control_units": ()},
        {"control_units": (examples.unit("pose", mode="ControlNet is more important"),)},
        {"guidance_scale": 4.0, "guidance_end_fraction": 0.5},
    ],
    ids=["as shipped", "no control", "control mode", "guidance window"],
)
def test_batch_renders_nearly_the_same_as_single_jobs(
    harness: RenderHarness, changes: dict[str, Any]
) -> None:
    jobs = three_jobs(harness, **changes)
    assert group_into_batches(jobs) == (tuple(jobs),)
    results = render_batch(harness, jobs)
    for job, result in zip(jobs, results, strict=True):
        assert (
            np.abs(pixels(result.image) - pixels(harness.render(job).image)).mean()
            < MAX_MEAN_DIFFERENCE
        )
        assert tuple(map(str, result.notes)) == (
            "Rendered in a batch of 3; not bit-identical to single renders",
        )
    assert (pixels(results[0].image) != pixels(results[1].image)).any()
    assert (pixels(results[0].image) != pixels(results[2].image)).any()


def test_each_job_of_a_batch_reports_steps_and_its_own_previews(harness: RenderHarness) -> None:
    events: list[list[object]] = [[], []]

    def listener(index: int) -> RenderListener:
        return RenderListener(
            on_step=lambda done, total: events[index].append((done, total)),
            on_preview=lambda image: events[index].append(image.tobytes()),
        )

    render_batch(harness, three_jobs(harness)[:2], listener(0), listener(1))
    steps = [[event for event in of_job if isinstance(event, tuple)] for of_job in events]
    previews = [[event for event in of_job if isinstance(event, bytes)] for of_job in events]
    assert steps[0] == steps[1] != []
    assert previews[0] != previews[1]


def test_cancelling_one_job_cancels_the_batch(harness: RenderHarness) -> None:
    cancelled = RenderListener(should_cancel=lambda: True)
    with pytest.raises(JobCancelledError, match="Variant B, C stopped"):
        render_batch(harness, three_jobs(harness)[:2], RenderListener(), cancelled)


def test_batch_with_different_prompt_lengths_is_refused(harness: RenderHarness) -> None:
    short = harness.job()
    long = short.model_copy(update={"slot": "C", "prompt": ", ".join(["red dress"] * 60)})
    with pytest.raises(RenderError, match="Prompts have different lengths"):
        render_batch(harness, [short, long])
