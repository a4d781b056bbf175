"""The panel of a run while the store is away. Issue 18, 1 and 8."""

import threading
from pathlib import Path

import gradio as gr
import pytest

from studio.app import AppContainer, create_app_container
from studio.errors import STORAGE_AWAY, InvalidInputError, StorageUnavailableError
from studio.recipes.generation.events import ModelLoading
from studio.recipes.generation.job import Timings, UsedModel
from studio.settings import Settings
from studio.store.evaluation_reports import ReportStore
from studio.ui.result_cards import ResultCard
from studio.ui.run_panel import RunPanel
from studio.ui.texts import Texts
from tests import examples
from tests.fake_renderer import FakeRenderer

PLACE = "postgresql://studio@10.0.0.7/studio"


def test_a_page_is_not_told_where_the_store_is() -> None:
    told = Texts().of(
        StorageUnavailableError(f"Cannot use the database {PLACE}: see that it has room")
    )
    assert str(STORAGE_AWAY) in told
    assert PLACE not in told


def test_a_run_ends_on_the_page_though_the_store_went_away_last(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It left Generate locked: the sheet beside whose figures the four are shown could not be read."""

    def away(*_: object) -> None:
        raise StorageUnavailableError(f"Cannot use the database {PLACE}")

    monkeypatch.setattr(ReportStore, "latest", away)
    with gr.Blocks():
        panel = RunPanel(studio, Texts())
    preset = studio.stores.themes.get_version("first-light").preset
    request = studio.rendering.request_factory.create(preset, "mia", None, "a red dress", 7, 1)
    last = list(panel._stream_events("page", studio.rendering.renders.start(request)))[-1]
    assert last[panel.generate]["interactive"]
    assert "Generated 4 variants in" in last[panel.notice]
    assert [it["name"] for it in last[panel.results]["metrics"]] == ["diversity"]
    assert {card["state"] for card in last[panel.results]["cards"].values()} == {"done"}


def test_stop_cancels_the_run_that_the_page_follows(home: Path) -> None:
    """Also where a slow browser sends the run before, or none."""
    gate = threading.Semaphore(0)
    studio = create_app_container(Settings(data_dir=home), lambda: FakeRenderer(gate=gate))
    with gr.Blocks():
        panel = RunPanel(studio, Texts())
    preset = studio.stores.themes.get_version("first-light").preset
    request = studio.rendering.request_factory.create(preset, "mia", None, "a red dress", 7, 1)
    run = studio.rendering.renders.start(request)
    updates = panel._stream_events("page", run)
    assert next(updates)[panel.results]["before"] == 0
    second = request.model_copy(update={"id": "ab" * 16})
    waiting = panel._stream_events("other page", studio.rendering.renders.start(second))
    assert next(waiting)[panel.results]["before"] == 1
    panel._stop("", gr.Request(session_hash="other page"))
    panel._stop("", gr.Request(session_hash="page"))
    assert run.cancelled
    gate.release(100)
    last = list(updates)[-1]
    assert "Stopped. 0 of 4 variants finished." in last[panel.notice]
    studio.close()


def test_a_refused_request_leaves_the_results_as_they_are(studio: AppContainer) -> None:
    """The browser shows a run from the click on, and takes that back."""
    with gr.Blocks():
        panel = RunPanel(studio, Texts())
    updates = panel._refuse(InvalidInputError("studio.run_active"))
    assert updates[panel.results]["phase"] == "refused"
    assert "Another run is active" in updates[panel.notice]


def test_a_run_of_before_is_shown_with_what_was_picked(studio: AppContainer) -> None:
    with gr.Blocks():
        panel = RunPanel(studio, Texts())
    variant = examples.variant(slot="B")
    studio.stores.variants.add(variant, examples.png())
    studio.stores.selections.select(variant.request_id, "B", "ada")
    (updates,) = panel._attach_to_run(variant.request_id, gr.Request(session_hash="page"))
    shown = updates[panel.results]
    assert (shown["phase"], shown["selected_slot"], shown["theme"]) == (
        "stored",
        "B",
        variant.theme_slug,
    )
    assert [shown["cards"][slot]["state"] for slot in "AB"] == ["failed", "done"]


def test_a_card_tells_how_long_its_model_took_to_load_lately(studio: AppContainer) -> None:
    with gr.Blocks():
        panel = RunPanel(studio, Texts())
    event = ModelLoading(slot="A", model="pocket-ink")
    card = ResultCard("A").apply_event(event)
    assert panel._tell_loading_time(card, event) == card
    used = UsedModel(kind="checkpoint", name="pocket-ink", sha256=examples.HASH)
    timings = Timings(load_seconds=9.6, render_seconds=1.0)
    variant = examples.variant(models=(used,), timings=timings)
    studio.stores.variants.add(variant, examples.png())
    told = panel._tell_loading_time(card, event).to_json(Texts())
    assert told["text"] == "Loading pocket-ink (about 10 s)"
