"""Jobs drawn as one batch: nearly the pictures they would be alone, each told of by itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from studio.engine.results import RenderListener, RenderResult
from studio.errors import JobCancelledError, RenderError
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from tests import examples
from tests.engine.conftest import Easel, opened
from tests.engine.pixels import pixels

NEAR = 1.0
"""Mean difference, 0-255: sums of a batch are taken in another order."""


def together(
    easel: Easel, jobs: Sequence[RenderJob], *watches: RenderListener
) -> tuple[RenderResult, ...]:
    base, doodle = opened(easel.studio.base_images.read_png(jobs[0].base_image)), jobs[0].doodle
    return easel.engine.render_batch(
        jobs,
        base,
        opened(doodle.png_bytes) if doodle else None,
        watches or [RenderListener()] * len(jobs),
    )


def three(easel: Easel, **changes: Any) -> list[RenderJob]:
    first = easel.job(**changes)
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
    ids=["as shipped", "no control", "control first", "guidance window"],
)
def test_a_batch_draws_what_its_jobs_draw_alone(easel: Easel, changes: dict[str, Any]) -> None:
    jobs = three(easel, **changes)
    assert group_into_batches(jobs) == (tuple(jobs),)
    drawn = together(easel, jobs)
    for job, rendered in zip(jobs, drawn, strict=True):
        assert np.abs(pixels(rendered.image) - pixels(easel.render(job).image)).mean() < NEAR
        assert tuple(map(str, rendered.notes)) == (
            "drawn in one batch of 3: alone, the last bits differ",
        )
    assert (pixels(drawn[0].image) != pixels(drawn[1].image)).any()
    assert (pixels(drawn[0].image) != pixels(drawn[2].image)).any()


def test_each_job_of_a_batch_is_told_of_its_own_steps_and_previews(easel: Easel) -> None:
    told: list[list[object]] = [[], []]

    def watch(index: int) -> RenderListener:
        return RenderListener(
            on_step=lambda done, total: told[index].append((done, total)),
            on_preview=lambda image: told[index].append(image.tobytes()),
        )

    together(easel, three(easel)[:2], watch(0), watch(1))
    steps = [[each for each in of if isinstance(each, tuple)] for of in told]
    previews = [[each for each in of if isinstance(each, bytes)] for of in told]
    assert steps[0] == steps[1] != []
    assert previews[0] != previews[1]


def test_a_batch_stops_as_one(easel: Easel) -> None:
    stopped = RenderListener(should_cancel=lambda: True)
    with pytest.raises(JobCancelledError, match="variant B, C was stopped"):
        together(easel, three(easel)[:2], RenderListener(), stopped)


def test_prompts_of_different_lengths_are_not_drawn_as_one(easel: Easel) -> None:
    short = easel.job()
    long = short.model_copy(update={"slot": "C", "prompt": ", ".join(["red dress"] * 60)})
    with pytest.raises(RenderError, match="different lengths: draw them one by one"):
        together(easel, [short, long])
