"""The plain pages are tested without the Gradio page beside them, which takes a second to build."""

from types import SimpleNamespace
from typing import Any

import gradio
import pytest
from fastapi import FastAPI

from studio.ui import server

PLAIN = {f"tests.unit.ui.test_{page}" for page in ("bases", "history", "safety", "themes", "tuning", "votes", "workshop")}  # fmt: skip


@pytest.fixture(autouse=True)
def no_workbench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def unmounted(app: FastAPI, *_: Any, **__: Any) -> FastAPI:
        return app

    if request.module.__name__ in PLAIN:
        monkeypatch.setattr(server, "Page", lambda _: SimpleNamespace(blocks=SimpleNamespace()))
        monkeypatch.setattr(server, "lighten", lambda app, blocks: None)
        monkeypatch.setattr(gradio, "mount_gradio_app", unmounted)
