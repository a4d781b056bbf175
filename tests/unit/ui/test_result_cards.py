"""Each card follows its job's events, as the browser is told."""

from typing import Any

import pytest

from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.events import (
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobStarted,
    ModelLoading,
    PreviewReady,
    ResultWithheld,
    StepCompleted,
)
from studio.services.evaluation.run_metrics import RunMetric, rate_metrics
from studio.ui.result_cards import ResultCard
from studio.ui.texts import Texts
from tests import examples

STEP = StepCompleted(slot="A", done=3, total=12)
FINISHED = JobCompleted(slot="A", variant=examples.variant(prompt_tokens=12), png=b"PNG")

DRIFT = Drift(shift_x=0.0, shift_y=1.0, zoom=1.03)
DRIFTED = JobCompleted(slot="A", variant=examples.variant(drift=DRIFT), png=b"PNG")


@pytest.mark.parametrize(
    ("events", "shows"),
    [
        ([], {"state": "idle", "image": "", "text": ""}),
        ([JobQueued(slot="A")], {"state": "queued"}),
        ([JobQueued(slot="A"), JobStarted(slot="A")], {"state": "started"}),
        (
            [ModelLoading(slot="A", model="pocket-ink")],
            {"state": "loading", "text": "Loading pocket-ink. The first time takes longer."},
        ),
        ([STEP], {"state": "step", "done": 3, "total": 12, "preview": ""}),
        ([STEP, PreviewReady(slot="A", png=b"PNG")], {"preview": "data:image/png;base64,UE5H"}),
        ([JobFailed(slot="A", message="no room")], {"state": "failed", "text": "no room"}),
        (
            [PreviewReady(slot="A", png=b"PNG"), ResultWithheld(slot="A")],
            {"state": "withheld", "preview": "", "image": ""},
        ),
        ([STEP, JobCancelled(slot="A")], {"state": "cancelled", "text": ""}),
        ([FINISHED], {"state": "done", "seed": "7", "tokens": 12, "seconds": 1.5}),
        ([FINISHED], {"image": f"/api/v1/variants/images/{examples.HASH}.png"}),
        ([FINISHED], {"drift": None, "drift_exceeded": []}),
        ([DRIFTED], {"drift": DRIFT.model_dump(), "drift_exceeded": ["zoom"]}),
        ([FINISHED, JobQueued(slot="A")], {"state": "queued", "image": ""}),
    ],
)
def test_the_card_shows_where_its_job_is(events: list[Event], shows: dict[str, Any]) -> None:
    card = ResultCard("A")
    for event in events:
        card = card.apply_event(event)
    told = dict(card.to_json(Texts()))
    assert {name: told[name] for name in shows} == shows


def test_the_card_tells_how_long_the_rest_should_take() -> None:
    card = ResultCard("A")
    for done, now in ((1, 10.0), (2, 11.5), (3, 13.0)):
        card = card.apply_event(StepCompleted(slot="A", done=done, total=13), now)
    assert card.to_json(Texts())["seconds_left"] == 15
    assert card.apply_event(JobCancelled(slot="A")).to_json(Texts())["seconds_left"] == 0


@pytest.mark.parametrize(
    ("color_error", "diversity", "levels"),
    [
        (4.0, 22.0, {"color_error": "good", "diversity": "good"}),
        (14.0, 8.0, {"color_error": "medium", "diversity": "medium"}),
        (25.8, 2.0, {"color_error": "low", "diversity": "low"}),
        (None, 2.0, {"diversity": "low"}),
    ],
)
def test_metrics_have_levels(
    color_error: float | None, diversity: float, levels: dict[str, str]
) -> None:
    metrics = QualityMetrics(color_error=color_error, diversity=diversity, seed_diversity=None)
    assert {it.name: it.level for it in rate_metrics(metrics, None)} == levels
    assert rate_metrics(metrics, 4.0)[-1] == RunMetric(name="seed_diversity", value=4.0, level="")
