"""Fixtures for every test: a studio in its own data directory, without network access."""

import ctypes
import gc
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies import models as fastapi_models
from hypothesis import settings as hypothesis_settings

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"

from studio import app
from studio.app import AppContainer, create_app_container
from studio.composition import moderation
from studio.safety.image_classifier import OpenNsfwClassifier
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer

# The same examples in each run, and no deadline for slow ones.
hypothesis_settings.load_profile("ci")


def pytest_collection_finish() -> None:
    """Modules and tests live until the end of the run: the garbage collector may skip them."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory for this test, also for the commands that it runs."""
    without_settings(monkeypatch)
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "home"))
    return tmp_path / "home"


def without_settings(patch: pytest.MonkeyPatch) -> None:
    """Removes the settings of whoever runs the tests from the environment."""
    for name in list(os.environ):
        if name.startswith("STUDIO_") and name != "STUDIO_CHROMIUM":
            patch.delenv(name)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as the first start leaves it.

    Copying it takes a tenth of the time of a start.
    """
    directory = tmp_path_factory.mktemp("fresh") / "home"
    with pytest.MonkeyPatch.context() as patch:
        without_settings(patch)
        create_app_container(Settings(data_dir=directory), FakeRenderer).close()
    return directory


@pytest.fixture
def studio(home: Path, fresh: Path) -> AppContainer:
    """A newly created studio that renders without models."""
    shutil.copytree(fresh, home)
    return create_app_container(Settings(data_dir=home), FakeRenderer)


@pytest.fixture(scope="session", autouse=True)
def shared_image_classifier() -> Iterator[None]:
    """The classifier's model takes 40 MB: all studios of a test process share one."""
    classifier = OpenNsfwClassifier()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moderation, "OpenNsfwClassifier", lambda: classifier)
        yield


CLOSE_TIMEOUT_SECONDS = 20.0
"""Seconds that closing a studio may take: a test that failed may leave a job that never ends."""


@pytest.fixture(autouse=True)
def closed_studios(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes every studio that a test opens: its thread would keep all of its memory alive."""
    studios: list[AppContainer] = []

    def recorded(**parts: Any) -> AppContainer:
        studios.append(AppContainer(**parts))
        return studios[-1]

    monkeypatch.setattr(app, "AppContainer", recorded)
    yield
    for studio in studios:
        thread = threading.Thread(target=studio.close, daemon=True)
        thread.start()
        thread.join(CLOSE_TIMEOUT_SECONDS)


@pytest.fixture(scope="module", autouse=True)
def released_memory() -> Iterator[None]:
    """Frees the memory of a test module before the next one.

    Applications and studios are full of reference cycles, and FastAPI caches the functions of 4,096
    dependencies with all that they close over.
    """
    yield
    for cached in vars(fastapi_models).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
