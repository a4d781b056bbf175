"""Batched jobs: nearly the images they would be alone, each with its own progress."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.families.base import PromptEmbeddings
from studio.engine.results import RenderListener, RenderResult
from studio.errors import JobCancelledError, RenderError
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from tests import examples
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import pixels
from tests.engine.simulated_gpu import out_of_memory

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


def assert_nearly_as_alone(
    harness: RenderHarness, jobs: Sequence[RenderJob], results: Sequence[RenderResult]
) -> None:
    for job, result in zip(jobs, results, strict=True):
        alone = pixels(harness.render(job).image)
        assert np.abs(pixels(result.image) - alone).mean() < MAX_MEAN_DIFFERENCE


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
    assert_nearly_as_alone(harness, jobs, results)
    for result in results:
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


def test_batch_goes_on_while_one_of_its_jobs_is_wanted(harness: RenderHarness) -> None:
    jobs, cancelled = three_jobs(harness)[:2], RenderListener(should_cancel=lambda: True)
    assert len(render_batch(harness, jobs, RenderListener(), cancelled)) == 2
    with pytest.raises(JobCancelledError, match="Variant B, C stopped"):
        render_batch(harness, jobs, cancelled, cancelled)


def test_prompts_of_two_and_three_windows_share_a_batch(harness: RenderHarness) -> None:
    one = harness.job(steps=4, width=64, height=64)
    two, three = (
        one.model_copy(update={"slot": slot, "prompt": ", ".join(["red dress"] * count)})
        for slot, count in (("C", 30), ("D", 60))
    )
    results = render_batch(harness, [one, two, three])
    assert_nearly_as_alone(harness, [one, two, three], results)


def test_prompts_without_a_useful_common_length_are_refused() -> None:
    lengths = (11 * 77, 13 * 77)
    embeddings = [
        PromptEmbeddings({"prompt_embeds": torch.zeros(1, length, 1)}) for length in lengths
    ]
    with pytest.raises(RenderError, match="Prompts have different lengths"):
        PromptEmbeddings.concat(embeddings)


def test_guidance_scales_and_control_weights_of_each_job(harness: RenderHarness) -> None:
    units = harness.job().recipe.control_units
    jobs = []
    for slot, scale, weight in (("A", 4.0, 0.2), ("B", 9.0, 1.4), ("C", 4.0, 0.7)):
        weighted = tuple(unit.model_copy(update={"weight": weight}) for unit in units)
        changes: dict[str, Any] = {"guidance_scale": scale, "control_units": weighted}
        job = harness.job(steps=4, width=64, height=64, **changes)
        jobs.append(job.model_copy(update={"slot": slot}))
    assert group_into_batches(jobs) == (tuple(jobs),)
    assert_nearly_as_alone(harness, jobs, render_batch(harness, jobs))


# Review of issue 20: diffusers repeats one number for all images of such a model.
def test_distilled_models_refuse_a_batch_of_several_guidance_scales(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    unet = SimpleNamespace(config=SimpleNamespace(time_cond_proj_dim=256))
    monkeypatch.setattr(pipelines, "build_pipeline", lambda *_: SimpleNamespace(unet=unet))
    jobs = [harness.job(steps=4, width=64, height=64, guidance_scale=scale) for scale in (4.0, 9.0)]
    with pytest.raises(RenderError, match="Guidance scales differ"):
        render_batch(harness, jobs)


def test_jobs_of_two_requests_with_other_doodles_share_a_batch(harness: RenderHarness) -> None:
    jobs = [
        harness.job(doodle, steps=4, width=64, height=64).model_copy(update={"slot": slot})
        for slot, doodle in (("A", "star-dress"), ("B", "sporty"), ("C", None))
    ]
    assert group_into_batches(jobs) == (tuple(jobs),)
    results = harness.engine.render_batch(
        jobs,
        [decode(harness.studio.stores.base_images.read_png(job.base_image)) for job in jobs],
        [decode(job.doodle.png_bytes) if job.doodle else None for job in jobs],
        [RenderListener()] * 3,
    )
    assert_nearly_as_alone(harness, jobs, results)
    notes = [list(map(str, result.notes)) for result in results]
    assert "Control unit pocket-scribble skipped: nothing drawn" not in notes[0]
    assert "Control unit pocket-scribble skipped: nothing drawn" in notes[2]
    used = [[model.name for model in result.models] for result in results]
    assert "pocket-scribble" in used[0]
    assert "pocket-scribble" not in used[2]


def test_batch_that_needs_too_much_memory_is_rendered_in_halves(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = pipelines.run_pass, []

    def limited(base_model: Any, jobs: Sequence[RenderJob], *args: Any) -> torch.Tensor:
        # Returns (jobs, channels, height/8, width/8).
        sizes.append(len(jobs))
        if len(jobs) > 1:
            raise out_of_memory()
        return real(base_model, jobs, *args)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", limited)
    # A size that no other test renders in batches: what did not fit is remembered.
    jobs = three_jobs(harness, steps=4, width=64, height=72)
    results = render_batch(harness, jobs)
    monkeypatch.undo()
    assert [size for size in sizes if size == 1] == [1] * 3
    for job, result in zip(jobs, results, strict=True):
        assert (pixels(result.image) == pixels(harness.render(job).image)).all()
