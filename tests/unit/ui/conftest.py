"""The plain pages are tested without the Gradio page beside them, which takes a second to build."""

import pytest

from studio.ui import server

PLAIN = {f"tests.unit.ui.test_{page}" for page in ("bases", "history", "languages", "safety", "themes", "tuning", "votes", "workshop")}  # fmt: skip


@pytest.fixture(autouse=True)
def no_workbench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.module.__name__ in PLAIN:
        monkeypatch.setattr(server, "_mount_page", lambda *_: None)
