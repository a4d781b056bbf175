"""Each card follows its job's events and never shows outside text as markup."""

import pytest

from studio.recipes.generation.events import (
    Event,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobQueued,
    JobStarted,
    ModelLoading,
    PreviewReady,
    StepCompleted,
)
from studio.ui.result_cards import ResultCard
from studio.ui.texts import Texts
from tests import examples


@pytest.mark.parametrize(
    ("events", "shows"),
    [
        ([], 'data-state="idle"'),
        ([JobQueued(slot="A")], "Queued"),
        ([JobQueued(slot="A"), JobStarted(slot="A")], "Starting"),
        ([ModelLoading(slot="A", model="pocket-ink")], "Loading model pocket-ink"),
        ([StepCompleted(slot="A", done=3, total=12)], 'aria-valuenow="25"'),
        ([StepCompleted(slot="A", done=3, total=12)], "Step 3 of 12"),
        (
            [StepCompleted(slot="A", done=3, total=12), PreviewReady(slot="A", png=b"PNG")],
            'class="preview"',
        ),
        ([JobFailed(slot="A", message="no room")], 'role="alert">no room'),
        ([StepCompleted(slot="A", done=3, total=12), JobCancelled(slot="A")], "Stopped"),
        (
            [JobCompleted(slot="A", variant=examples.variant(prompt_tokens=12), png=b"PNG")],
            "Seed 7 · 12 tokens · 1.5 s",
        ),
        ([JobCompleted(slot="A", variant=examples.variant(), png=b"PNG")], 'alt="Variant A"'),
        (
            [JobCompleted(slot="A", variant=examples.variant(), png=b"PNG"), JobQueued(slot="A")],
            "Queued",
        ),
    ],
)
def test_the_card_shows_where_its_job_is(events: list[Event], shows: str) -> None:
    card = ResultCard("A")
    for event in events:
        card = card.apply_event(event)
    assert shows in card.render(Texts())


def test_the_card_tells_how_long_the_rest_should_take() -> None:
    card = ResultCard("A")
    for done, now in ((1, 10.0), (2, 11.5), (3, 13.0)):
        card = card.apply_event(StepCompleted(slot="A", done=done, total=13), now)
    assert "about 15 s remaining" in card.render(Texts())
    assert "remaining" not in card.apply_event(JobCancelled(slot="A")).render(Texts())


@pytest.mark.parametrize(
    "event",
    [
        JobFailed(slot="A", message="<script>alert(1)</script>"),
        JobCompleted(
            slot="A", png=b"PNG", variant=examples.variant(notes=("<script>alert(1)</script>",))
        ),
    ],
)
def test_outside_text_is_escaped(event: Event) -> None:
    assert "<script>" not in ResultCard("A").apply_event(event).render(Texts())
    assert "&lt;script&gt;" in ResultCard("A").apply_event(event).render(Texts())
