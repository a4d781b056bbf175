"""Issue 18, 11: any number of streams of a request are one look at it, and a client has so many."""

import asyncio
import json
import threading
from collections import Counter

import httpx2
import pytest

from studio.app import AppContainer, create_app_container
from studio.errors import StorageUnavailableError
from studio.messages import message
from studio.recipes.serving.request_status import ApiClient, EventMessage
from studio.recipes.themes.preset import SLOTS
from studio.server.event_hub import EXTRA_STREAMS, STATUS_CHECK_SECONDS, EventHub
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from tests.servers.api import serving as listening
from tests.unit.server.test_api import V1, WISH
from tests.waiting import LONG, run, until

ONE, OTHER = "1" * 32, "2" * 32


class Telling:
    """What `EventHub` asks of `Serving`: requests whose events a test tells."""

    def __init__(self) -> None:
        self.told: dict[str, list[EventMessage]] = {ONE: [], OTHER: []}
        self.looks: Counter[str] = Counter()
        self.failing = False
        self.forgotten = False

    def events_since(self, request_id: str, number: int) -> tuple[EventMessage, ...]:
        self.looks[request_id] += 1
        if self.failing:
            raise StorageUnavailableError("the store is away")
        if self.forgotten:
            return ()
        return tuple(self.told[request_id][number:])

    def is_finished(self, request_id: str) -> bool:
        return sum(each.is_terminal for each in self.told[request_id]) == 4

    def terminal_events(self, request_id: str) -> tuple[EventMessage, ...]:
        return tuple(each for each in self.told[request_id] if each.is_terminal)

    def tell(self, request_id: str, kind: str) -> None:
        slots = ("A", "B", "C", "D")
        final = kind == "done"
        self.told[request_id] += [
            EventMessage(slot=each, type=kind, is_terminal=final) for each in slots
        ]


@pytest.fixture
def serving() -> Telling:
    return Telling()


def following(serving: Telling) -> EventHub:
    return EventHub(serving)  # type: ignore[arg-type]


async def followed(
    streams: EventHub, request_id: str, first: int = 0, language: str = "en"
) -> list[str]:
    return [line async for line in streams.follow(request_id, first, language)]


def kinds(lines: list[str]) -> list[str]:
    return [line.split('"type": "')[1].split('"')[0] for line in lines]


def test_a_hundred_streams_of_a_request_are_one_look_at_it(serving: Telling) -> None:
    async def act() -> list[list[str]]:
        streams = following(serving)
        every = [asyncio.create_task(followed(streams, ONE)) for _ in range(100)]
        serving.tell(ONE, "queued")
        while serving.looks[ONE] < 5:
            await asyncio.sleep(0.01)
        serving.tell(ONE, "done")
        found = await asyncio.gather(*every)
        assert streams._feeds == {}
        return found

    found = run(act())
    assert all(each == found[0] for each in found)
    assert kinds(found[0]) == ["queued"] * 4 + ["done"] * 4
    assert serving.looks[ONE] < 50


def test_streams_of_several_requests_end_each_when_theirs_does(serving: Telling) -> None:
    async def act() -> None:
        streams = following(serving)
        one, other = (asyncio.create_task(followed(streams, each)) for each in (ONE, OTHER))
        serving.tell(ONE, "queued")
        serving.tell(ONE, "done")
        assert len(await one) == 8
        assert not other.done()
        serving.tell(OTHER, "done")
        assert kinds(await other) == ["done"] * 4

    run(act())


# Issue 19, 1.
def test_each_follower_reads_why_a_job_failed_in_their_language(serving: Telling) -> None:
    late = message("request.waited_too_long")
    serving.told[ONE] += [
        EventMessage(slot=each, type="failed", is_terminal=True, error=late) for each in SLOTS
    ]

    async def act() -> list[list[str]]:
        streams = following(serving)
        every = (followed(streams, ONE, language=each) for each in ("zh-CN", "en"))
        return await asyncio.gather(*every)

    chinese, english = run(act())
    assert [json.loads(each.split("data: ")[1])["error"] for each in chinese] == ["等待超时"] * 4
    assert '"error": "it waited longer than it may"' in english[0]


def test_a_stream_goes_on_after_the_last_that_was_seen(serving: Telling) -> None:
    serving.tell(ONE, "queued")
    serving.tell(ONE, "done")
    lines = run(followed(following(serving), ONE, 6))
    assert [line.split("\n")[0] for line in lines] == ["id: 6", "id: 7"]
    assert run(followed(following(serving), ONE, 8)) == []


def test_while_nothing_can_be_looked_at_streams_wait(
    serving: Telling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("studio.server.event_hub.KEEPALIVE_SECONDS", 0.05)
    monkeypatch.setattr("studio.server.event_hub.POLL_SECONDS", 0.01)

    async def act() -> list[str]:
        streams = following(serving)
        serving.failing = True
        stream = asyncio.create_task(followed(streams, ONE))
        while serving.looks[ONE] < 20:
            await asyncio.sleep(0.01)
        assert not stream.done()
        serving.failing = False
        serving.tell(ONE, "done")
        return await stream

    lines = run(act())
    assert ": waiting\n\n" in lines
    assert kinds([line for line in lines if line.startswith("id")]) == ["done"] * 4
    assert "cannot be polled for now: the store is away" in caplog.text


def test_no_stream_closes_without_every_end(serving: Telling) -> None:
    """As when Redis has forgotten what was told while it was away: the job table has the ends."""

    async def act() -> list[str]:
        streams = following(serving)
        stream = asyncio.create_task(followed(streams, ONE))
        serving.tell(ONE, "queued")
        while not streams._feeds[ONE].published if ONE in streams._feeds else True:
            await asyncio.sleep(0.01)
        serving.forgotten = True
        serving.tell(ONE, "done")
        streams._feeds[ONE].quiet_seconds = STATUS_CHECK_SECONDS
        return await stream

    lines = run(act())
    assert kinds(lines) == ["queued"] * 4 + ["done"] * 4
    assert [line.split("\n")[0] for line in lines] == [f"id: {number}" for number in range(8)]


def test_who_stops_listening_is_forgotten(serving: Telling) -> None:
    async def act() -> None:
        streams = following(serving)
        stream = asyncio.create_task(followed(streams, ONE))
        while not serving.looks[ONE]:
            await asyncio.sleep(0.01)
        stream.cancel()
        await asyncio.wait([stream])
        assert streams._feeds == {}
        assert streams._polling is not None
        await streams._polling  # It ends by itself.

    run(act())


def test_a_client_has_so_many_streams(studio: AppContainer) -> None:
    gate = threading.Semaphore(0)
    waiting = create_app_container(
        Settings(data_dir=studio.settings.data_dir), lambda: FakeRenderer(gate=gate)
    )
    key = waiting.clients.create_or_rotate_key(ApiClient(name="small", max_concurrent_requests=1))

    headers = {"Authorization": f"Bearer {key}"}
    with (
        listening(waiting) as address,
        httpx2.Client(base_url=address, headers=headers, timeout=LONG) as client,
    ):
        made = client.post(f"{V1}/requests", json=WISH).json()["id"]
        events = f"{V1}/requests/{made}/events"
        streams = [client.stream("GET", events) for _ in range(1 + EXTRA_STREAMS)]
        opened = [stream.__enter__() for stream in streams]
        assert {each.status_code for each in opened} == {200}
        refused = client.get(events)
        assert (refused.status_code, refused.headers["content-type"]) == (
            429,
            "application/problem+json",
        )
        assert f"{1 + EXTRA_STREAMS} streams of yours are open already" in refused.json()["detail"]
        streams.pop().__exit__(None, None, None)

        def opens() -> bool:
            with client.stream("GET", events) as again:
                return bool(again.status_code == 200)

        until(opens, pause=0.1)  # The server notices when it does.
        gate.release(100)
        for stream in streams:
            stream.__exit__(None, None, None)
