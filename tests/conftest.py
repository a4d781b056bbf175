"""Fixtures for every test: a studio in a folder of its own, and no Gradio or hub on the wire."""

import os
from pathlib import Path

import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"

from studio.bootstrap import Studio, open_studio
from studio.service.fake import FakeRenderer
from studio.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of this test's own, also for commands it runs."""
    for name in list(os.environ):
        if name.startswith("STUDIO_") and name != "STUDIO_CHROMIUM":
            monkeypatch.delenv(name)
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def studio(home: Path) -> Studio:
    """A studio just opened for the first time, that draws without models."""
    return open_studio(Settings(home=home), FakeRenderer)
