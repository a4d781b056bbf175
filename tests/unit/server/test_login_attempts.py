"""Issue 18, 6: password attempts are limited before they are hashed, two hashes at a time."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest

from studio.app import AppContainer, create_app_container
from studio.server.auth.login_attempts import MAX_CONCURRENT_HASHES
from studio.settings import Settings
from studio.store.users import UserStore
from studio.ui.server import build_app
from tests.waiting import LONG, run

PASSWORD = "correct horse battery"


class Hasher:
    """Stands in for scrypt: counts, and holds each try until it is let go."""

    def __init__(self) -> None:
        self.tried = self.at_once = self.most_at_once = 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    def is_right(self, _: str, password: str) -> bool:
        with self._lock:
            self.tried += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.go.wait(LONG)
        with self._lock:
            self.at_once -= 1
        return password == PASSWORD


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> Hasher:
    created = Hasher()
    monkeypatch.setattr(UserStore, "verify_password", created.is_right)
    return created


@pytest.fixture
def studio(home: Path) -> AppContainer:
    opened = create_app_container(
        Settings(data_dir=home, host="0.0.0.0", trusted_proxies=("10.0.0.1/32",))
    )
    opened.stores.users.set_password("ada", PASSWORD)
    return opened


class Browser:
    """A browser at an address, with its own cookies."""

    def __init__(self, app: object, url: str = "192.0.2.7") -> None:
        transport = httpx.ASGITransport(app=app, client=(url, 1))  # type: ignore[arg-type]
        self.client = httpx.AsyncClient(transport=transport, base_url="http://studio.example")

    async def sign_in(self, password: str, name: str = "ada", **headers: str) -> httpx.Response:
        return await self.client.post(
            "/sign-in", data={"name": name, "password": password}, headers=headers
        )


def test_ten_of_two_hundred_concurrent_passwords_are_hashed_two_at_a_time(
    studio: AppContainer, hasher: Hasher
) -> None:
    async def burst() -> None:
        browser = Browser(build_app(studio))
        tries = [asyncio.create_task(browser.sign_in(f"wrong {n}")) for n in range(200)]
        refused: list[httpx.Response] = []
        for done in asyncio.as_completed(tries):
            refused.append(await done)
            if len(refused) == 190:
                break
        # Ten are still under way, of which two are hashed: nobody else waits for them.
        assert {each.status_code for each in refused} == {429}
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        assert hasher.tried <= MAX_CONCURRENT_HASHES
        assert (await browser.client.get("/sign-in")).status_code == 200
        hasher.go.set()
        answers = await asyncio.gather(*tries)
        tried = [each for each in answers if each.status_code == 303]
        assert [each.headers["location"] for each in tried] == ["/sign-in?failed"] * 10

    run(burst())
    assert hasher.tried == 10
    assert hasher.most_at_once == MAX_CONCURRENT_HASHES


def test_attempts_for_one_name_are_limited_across_addresses(
    studio: AppContainer, hasher: Hasher
) -> None:
    async def spread() -> list[int]:
        app = build_app(studio)
        return [
            (await Browser(app, f"192.0.2.{n}").sign_in("wrong")).status_code for n in range(12)
        ]

    hasher.go.set()
    assert run(spread()) == [303] * 10 + [429] * 2


def test_too_many_waiting_attempts_are_refused(studio: AppContainer, hasher: Hasher) -> None:
    async def many() -> list[int]:
        app = build_app(studio)
        tries = [
            asyncio.create_task(Browser(app, f"198.51.100.{n}").sign_in("wrong", f"user {n}"))
            for n in range(60)
        ]
        for done in asyncio.as_completed(tries):
            await done
            hasher.go.set()
        return [(await each).status_code for each in tries]

    codes = run(many())
    assert codes.count(429) >= 1
    assert hasher.tried == codes.count(303) < 60


def test_right_password_is_not_counted(studio: AppContainer, hasher: Hasher) -> None:
    async def rate_limited() -> None:
        app = build_app(studio)
        for _ in range(15):
            assert (await Browser(app).sign_in(PASSWORD)).headers["location"] == "/"

    hasher.go.set()
    run(rate_limited())


def test_known_browser_is_not_locked_out_by_others(studio: AppContainer, hasher: Hasher) -> None:
    """All sit behind one address, as behind a proxy that is not named in STUDIO_TRUSTED_PROXIES."""

    async def flooded() -> None:
        app = build_app(studio)
        ada, attacker = Browser(app), Browser(app)
        assert (await ada.sign_in(PASSWORD)).headers["location"] == "/"
        await ada.client.post("/sign-in/out")
        for _ in range(12):
            last = await attacker.sign_in("wrong")
        assert last.status_code == 429
        assert (await ada.sign_in(PASSWORD)).headers["location"] == "/"
        # Her browser has ten tries of its own, for her name alone.
        for _ in range(10):
            assert (await ada.sign_in("wrong")).status_code == 303
        assert (await ada.sign_in(PASSWORD)).status_code == 429
        assert (await ada.sign_in("wrong", "bob")).status_code == 429

    hasher.go.set()
    run(flooded())


def test_client_address_is_taken_from_trusted_proxies_only(
    studio: AppContainer, hasher: Hasher
) -> None:
    async def sign_in_from(peer: str) -> list[int]:
        browser = Browser(build_app(studio), peer)
        return [
            (await browser.sign_in("wrong", f"user {n}", **{"X-Forwarded-For": f"203.0.113.{n}"}))
            .status_code
            for n in range(12)
        ]  # fmt: skip

    hasher.go.set()
    assert run(sign_in_from("10.0.0.1")) == [303] * 12
    assert run(sign_in_from("127.0.0.1")) == [303] * 10 + [429] * 2
