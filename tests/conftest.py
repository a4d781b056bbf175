"""Fixtures for every test: a studio in a folder of its own, and no Gradio or hub on the wire."""

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

from studio import app as bootstrap
from studio.app import AppContainer, create_app_container
from studio.safety.image_classifier import OpenNsfwClassifier
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings

# The same examples every time, and none fails for being slow.
hypothesis_settings.load_profile("ci")


def pytest_collection_finish() -> None:
    """Modules and tests stay for the whole run: whoever collects garbage need not look through them."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of this test's own, also for commands it runs."""
    without_settings(monkeypatch)
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "home"))
    return tmp_path / "home"


def without_settings(patch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings in the environment: they are not the tests'."""
    for name in list(os.environ):
        if name.startswith("STUDIO_") and name != "STUDIO_CHROMIUM":
            patch.delenv(name)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as the first start leaves it: to copy one takes a tenth of the time."""
    made = tmp_path_factory.mktemp("fresh") / "home"
    with pytest.MonkeyPatch.context() as patch:
        without_settings(patch)
        create_app_container(Settings(data_dir=made), FakeRenderer).close()
    return made


@pytest.fixture
def studio(home: Path, fresh: Path) -> AppContainer:
    """A studio just opened for the first time, that draws without models."""
    shutil.copytree(fresh, home)
    return create_app_container(Settings(data_dir=home), FakeRenderer)


@pytest.fixture(scope="session", autouse=True)
def one_judge() -> Iterator[None]:
    """The model that judges pictures takes 40 MB: all studios of a test process have one."""
    judge = OpenNsfwClassifier()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "OpenNsfwClassifier", lambda: judge)
        yield


STUCK = 20.0
"""Seconds after which a test is taken to have left a job that never ends, as one does that failed."""


@pytest.fixture(autouse=True)
def closed_studios(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every studio that a test opens is closed after it: its thread would stay, and with it all that
    it holds."""
    opened: list[AppContainer] = []

    def remembered(**parts: Any) -> AppContainer:
        opened.append(AppContainer(**parts))
        return opened[-1]

    monkeypatch.setattr(bootstrap, "AppContainer", remembered)
    yield
    for each in opened:
        closing = threading.Thread(target=each.close, daemon=True)
        closing.start()
        closing.join(STUCK)


@pytest.fixture(scope="module", autouse=True)
def memory_given_back() -> Iterator[None]:
    """Applications and studios are full of cycles, and FastAPI remembers the functions of 4,096
    dependencies, with all that they close over: nothing of a module is left to the next."""
    yield
    for cached in vars(fastapi_models).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
