"""What an operator notices while the database or the disk is away in the middle of a run. Issue 18, 1.

Every fault is a real one: SQLite is locked, PostgreSQL stopped and started, the disk filled and freed, under
`studio ui` as a process of its own.
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.driving import set_number
from tests.servers.disk import small_disk
from tests.servers.postgresql import Cluster, cluster, needed
from tests.waiting import LONG

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCKED = 30.0
"""Seconds that SQLite stays locked: thrice as long as a writer waits for it."""
FILLED = 2**16
"""Bytes written at once while the disk is being filled."""
Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def postgresql(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Where the studio of the test keeps its data."""
    with cluster(needed()) as running:
        monkeypatch.setenv("STUDIO_DATABASE_URL", running.new_database())
        yield running


@pytest.fixture(params=["locked", "stopped", "full"])
def outage(request: pytest.FixtureRequest, home: Path) -> Iterator[Outage]:
    """The store is away while what this makes is open."""
    if request.param == "locked":
        yield lambda: locked(home)
    elif request.param == "stopped":
        running = request.getfixturevalue("postgresql")
        yield lambda: stopped(running)
    else:
        with small_disk(home):
            yield lambda: full(home)


@pytest.fixture
def server(home: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """After the fixture that says where it keeps its data."""
    for name in {"outage", "postgresql"} & set(request.fixturenames):
        request.getfixturevalue(name)
    running = Server(home)
    running.start()
    yield running
    running.stop()


@contextmanager
def locked(home: Path) -> Iterator[None]:
    other = sqlite3.connect(home / "studio.db", isolation_level=None, timeout=LONG)
    other.execute("BEGIN IMMEDIATE")
    until = time.monotonic() + LOCKED
    try:
        yield
        time.sleep(max(0.0, until - time.monotonic()))
    finally:
        other.close()


@contextmanager
def stopped(database: Cluster) -> Iterator[None]:
    database.stop()
    try:
        yield
    finally:
        database.start()


@contextmanager
def full(home: Path) -> Iterator[None]:
    filler = home / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as opened:
        while opened.write(bytes(FILLED)):
            pass
    try:
        yield
    finally:
        filler.unlink()


def few_steps(page: Page) -> None:
    for slot in "ABCD":
        set_number(page, f"{slot}-steps", "6")


def begun(page: Page) -> None:
    """Starts a run, and waits until its first picture is being drawn."""
    set_number(page, "A-steps", "30")
    page.locator("#generate").click()
    expect(page.locator("#card-A")).to_contain_text("Step")


def four_made(page: Page) -> None:
    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#notice")).to_contain_text("Generated 4 variants in")
    expect(page.locator(".card-done")).to_have_count(4)


def shown(page: Page) -> dict[str, str]:
    """The SHA-256 of each picture that the page shows, by letter."""
    found = {}
    for card in page.locator(".card-done").all():
        png = page.request.get(str(card.locator(".open img").evaluate("it => it.src"))).body()
        found[str(card.get_attribute("data-slot"))] = hashlib.sha256(png).hexdigest()
    return found


def is_in_history(server: Server, page: Page) -> None:
    """The pictures that the page shows of its run are those of the history, each once."""
    answer = httpx2.get(f"{server.url}/api/v1/variants", timeout=LONG)
    rows = answer.raise_for_status().json()["variants"]
    run = page.url.partition("?run=")[2]
    kept = [(row["slot"], Path(row["image"]).stem) for row in rows if row["request_id"] == run]
    assert sorted(kept) == sorted(shown(page).items())


def lives(server: Server, is_away: bool = False) -> None:
    """By what the page itself asks for, to know that the studio answers. Without its database nobody
    knows who has to sign in: then it answers 503."""
    assert server.process is not None
    assert server.process.poll() is None
    answered = httpx2.get(f"{server.url}/gradio_api/app_id", timeout=LONG)
    if answered.status_code == 503 and is_away:
        assert answered.json()["code"] == "request.storage_unavailable"
    else:
        assert answered.status_code == 200


def test_a_run_goes_on_where_the_store_was_away(page: Page, server: Server, outage: Outage) -> None:
    few_steps(page)
    begun(page)
    with outage():
        # The next is being drawn, while the first waits to be stored, and is not shown as done.
        expect(page.locator("#card-B")).to_contain_text("Step")
        expect(page.locator(".card-done")).to_have_count(0)
        lives(server, is_away=True)
    four_made(page)
    is_in_history(server, page)
    lives(server)
    generate_again(page, server)


def test_a_run_says_that_the_store_stays_away(
    page: Page, postgresql: Cluster, server: Server
) -> None:
    few_steps(page)
    begun(page)
    with stopped(postgresql):
        expect(page.locator(".card-failed")).to_have_count(4)
        for card in page.locator(".card-failed").all():
            expect(card.get_by_role("alert")).to_contain_text("generate again")
            expect(card).not_to_contain_text("postgresql")
        expect(page.locator("#notice")).to_contain_text(
            "0 of 4 variants finished. Failed: A, B, C, D (see card)."
        )
        expect(page.locator("#generate")).to_be_enabled()
        page.locator("#generate").click()
        banner = page.get_by_role("alert").filter(has_text="The studio cannot access its data")
        expect(banner).to_be_visible()
        expect(page.locator(".toast-body:visible")).to_have_count(0)
        lives(server, is_away=True)
    expect(banner).to_have_count(0)
    is_in_history(server, page)
    generate_again(page, server)


def generate_again(page: Page, server: Server) -> None:
    before = page.url
    page.locator("#generate").click()
    expect(page).not_to_have_url(before)
    four_made(page)
    is_in_history(server, page)
