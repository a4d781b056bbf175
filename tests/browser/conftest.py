"""A real server on a spare loopback port, and Debian's Chromium to drive its page."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright
from safetensors.numpy import save_file

from studio.app import create_app_container as studio_at
from studio.recipes.themes.preset import SLOTS
from studio.settings import Settings
from tests.browser.speaking import Chinese, speak
from tests.fake_renderer import FakeRenderer
from tests.waiting import LONG, LONG_MS, until

CHROMIUM = os.environ.get("STUDIO_CHROMIUM", "")
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


SIZES: dict[str, ViewportSize] = {
    "desk": {"width": 1440, "height": 1000},
    "phone": {"width": 390, "height": 844},
}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}


SEEN_BEFORE = """try {
  localStorage.setItem('doodle-theme-studio-tour', 'seen');
  sessionStorage.setItem('doodle-theme-studio-empty-doodle', 'generate');
} catch { /* A page without storage, such as about:blank. */ }"""
"""A browser whose operator knows the page: no tour, and no question before a run without a doodle."""


class Server:
    """`studio ui` as an operator starts it, in a data directory that outlives it."""

    def __init__(self, home: Path, *options: str, module: str = "studio.cli.main") -> None:
        self.home, self.options, self.module = home, options, module
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, port: int | None = None) -> None:
        """On a spare port, unless told."""
        if port is None:
            with socket.socket() as spare:
                spare.bind(("127.0.0.1", 0))
                port = spare.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module, "ui", "--port", str(port), *self.options],
            env=os.environ | {"STUDIO_DATA_DIR": str(self.home), "STUDIO_WARM_UP": "false"},
            stdout=2,  # A benchmark's own output may be JSON.
        )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the studio ended at its start"
        try:
            urllib.request.urlopen(self.url, timeout=LONG).close()
        except urllib.error.HTTPError:
            return True  # Whoever is not signed in is told so.
        except (urllib.error.URLError, OSError):
            return False
        return True

    def kill(self) -> int:
        """Ends it without a word; returns the port it had."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(LONG)
        self.process = None
        return int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(LONG)
            self.process = None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("STUDIO_CHROMIUM names no browser: `make test` installs one")
        pytest.skip("browser tests need Chromium: apt-get install chromium, then make test")
    expect.set_options(timeout=LONG_MS)  # A loaded machine is slow, not wrong.
    opened = Browser.new_context

    def patient(self: Browser, **options: Any) -> BrowserContext:
        context = opened(self, **options)
        context.set_default_timeout(LONG_MS)
        context.add_init_script(SEEN_BEFORE)
        return context

    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Browser, "new_context", patient)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=os.environ.get("STUDIO_PAGES_AT", "desk-en").split(","))
def place(request: pytest.FixtureRequest) -> str:
    """Where the page is looked at: a size and a language. `make test-pages` goes through all four."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, place: str) -> Iterator[Server]:
    """A studio for each file of tests, and each place it is looked at."""
    home = tmp_path_factory.mktemp("home")
    loras = home / "models" / "loras"
    loras.mkdir(parents=True)
    lora = {"unet.mid_block.attn2.to_k.lora_A.weight": np.zeros((4, 128), np.float16)}
    save_file(lora, loras / "glow.safetensors", {"modelspec.trigger_phrase": "glow, night"})
    Image.new("RGB", (64, 64), (200, 80, 120)).save(loras / "glow.preview.png")
    running = Server(home)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def quick(server: Server) -> str:
    """A theme of one base image that draws in two steps, so that reviews take seconds."""
    studio = studio_at(Settings(data_dir=server.home), FakeRenderer)
    preset = studio.stores.themes.get_version("first-light").preset
    recipes = preset.recipes
    for slot in SLOTS:
        recipe = recipes[slot].model_copy(update={"steps": 3})
        recipes = recipes.replace(slot, recipe)
    changes = {"slug": "quick", "name": "Quick", "base_images": ("mia",), "recipes": recipes}
    studio.stores.themes.save(preset.model_copy(update=changes), author="ada")
    return "quick"


@pytest.fixture
def slow(server: Server, quick: str) -> str:
    """A theme whose pictures take long enough for a test to look at while they are drawn. What it
    draws is another's in no test."""
    studio = studio_at(Settings(data_dir=server.home), FakeRenderer)
    preset = studio.stores.themes.get_version(quick).preset
    recipes = preset.recipes
    for slot in SLOTS:
        recipe = recipes[slot].model_copy(update={"steps": 60})
        recipes = recipes.replace(slot, recipe)
    slug = f"slow-{secrets.token_hex(4)}"
    changes = {"slug": slug, "name": "Slow", "theme_prompt": slug, "recipes": recipes}
    studio.stores.themes.save(preset.model_copy(update=changes), author="ada")
    return slug


class Log:
    """Every address the page asked for, and every error it met."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.errors: list[str] = []


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def page(
    browser: Browser, server: Server, log: Log, place: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    size, _, language = place.partition("-")
    context = browser.new_context(
        viewport=SIZES[size], locale=LANGUAGES[language], has_touch=size == "phone"
    )
    opened = context.new_page()
    opened.on("request", lambda r: log.addresses.append(r.url))
    opened.on("pageerror", lambda e: log.errors.append(str(e)))
    opened.on("console", lambda m: log.errors.append(m.text) if "Content Security" in m.text else None)  # fmt: skip
    open_studio(opened, server)
    if language == "zh":
        speak(Chinese(), monkeypatch)
    yield opened
    context.close()


def open_studio(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_selector("html[data-opened]")
    page.wait_for_selector(".sketch canvas")
