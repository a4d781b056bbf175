"""Each card follows its job's events and never shows outside text as markup."""

import pytest

from studio.recipes.events import (
    Done,
    Event,
    Failed,
    Loading,
    Preview,
    Queued,
    Started,
    Step,
    Stopped,
)
from studio.ui.results import Card
from studio.ui.texts import Texts
from tests import examples


@pytest.mark.parametrize(
    ("events", "shows"),
    [
        ([], 'data-state="idle"'),
        ([Queued(letter="A")], "Waiting"),
        ([Queued(letter="A"), Started(letter="A")], "Starting"),
        ([Loading(letter="A", model="pocket-ink")], "Loading pocket-ink"),
        ([Step(letter="A", done=3, total=12)], 'aria-valuenow="25"'),
        ([Step(letter="A", done=3, total=12)], "Step 3 of 12"),
        ([Step(letter="A", done=3, total=12), Preview(letter="A", png=b"PNG")], 'class="preview"'),
        ([Failed(letter="A", message="no room")], 'role="alert">no room'),
        ([Step(letter="A", done=3, total=12), Stopped(letter="A")], "Stopped"),
        (
            [Done(letter="A", variant=examples.variant(tokens=12), png=b"PNG")],
            "seed 7 · 12 tokens · 1.5 s",
        ),
        ([Done(letter="A", variant=examples.variant(), png=b"PNG")], 'alt="Variant A"'),
        ([Done(letter="A", variant=examples.variant(), png=b"PNG"), Queued(letter="A")], "Waiting"),
    ],
)
def test_the_card_shows_where_its_job_is(events: list[Event], shows: str) -> None:
    card = Card("A")
    for event in events:
        card = card.after(event)
    assert shows in card.html(Texts())


def test_the_card_tells_how_long_the_rest_should_take() -> None:
    card = Card("A")
    for done, now in ((1, 10.0), (2, 11.5), (3, 13.0)):
        card = card.after(Step(letter="A", done=done, total=13), now)
    assert "about 15 s left" in card.html(Texts())
    assert "left" not in card.after(Stopped(letter="A")).html(Texts())


@pytest.mark.parametrize(
    "event",
    [
        Failed(letter="A", message="<script>alert(1)</script>"),
        Done(
            letter="A", png=b"PNG", variant=examples.variant(notes=("<script>alert(1)</script>",))
        ),
    ],
)
def test_outside_text_is_escaped(event: Event) -> None:
    assert "<script>" not in Card("A").after(event).html(Texts())
    assert "&lt;script&gt;" in Card("A").after(event).html(Texts())
