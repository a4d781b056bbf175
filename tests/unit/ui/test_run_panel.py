"""The panel of a run while the store is away. Issue 18, 1 and 8."""

import threading
from pathlib import Path

import gradio as gr
import pytest

from studio.app import AppContainer, create_app_container
from studio.errors import STORAGE_AWAY, StorageUnavailableError
from studio.settings import Settings
from studio.store.evaluation_reports import ReportStore
from studio.ui.run_panel import RunPanel
from studio.ui.texts import Texts
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
    assert "Diversity:" in last[panel.notice]


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
    next(updates)
    panel._stop("", gr.Request(session_hash="page"))
    assert run.cancelled
    gate.release(100)
    last = list(updates)[-1]
    assert "Stopped. 0 of 4 variants finished." in last[panel.notice]
    studio.close()
