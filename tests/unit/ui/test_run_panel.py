"""The panel of a run while the store is away. Issue 18, 1 and 8."""

import gradio as gr
import pytest

from studio.app import AppContainer
from studio.errors import STORAGE_AWAY, StorageUnavailableError
from studio.store.evaluation_reports import ReportStore
from studio.ui.run_panel import RunPanel
from studio.ui.texts import Texts

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
    last = list(panel._stream_events(studio.rendering.renders.start(request)))[-1]
    assert last[panel.generate]["interactive"]
    assert "Generated 4 variants in" in last[panel.notice]
    assert "Diversity:" in last[panel.notice]
