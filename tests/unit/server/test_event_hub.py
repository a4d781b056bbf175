"""Issue 18, 11: the streams of a request share its polling, and a client has a limited number of streams."""

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
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer
from tests.servers.api import serving as serve
from tests.unit.server.test_api import BODY, V1
from tests.waiting import LONG, run, until

ONE, OTHER = "1" * 32, "2" * 32


class FakeRequests:
    """Stands in for RequestEvents: the events of its requests are published by a test."""

    def __init__(self) -> None:
        self.published_events: dict[str, list[EventMessage]] = {ONE: [], OTHER: []}
        self.polls: Counter[str] = Counter()
        self.failing = False
        self.log_lost = False

    def events_since(self, request_id: str, number: int) -> tuple[EventMessage, ...]:
        self.polls[request_id] += 1
        if self.failing:
            raise StorageUnavailableError("the store is away")
        if self.log_lost:
            return ()
        return tuple(self.published_events[request_id][number:])

    def is_finished(self, request_id: str) -> bool:
        return sum(each.is_terminal for each in self.published_events[request_id]) == 4

    def terminal_events(self, request_id: str) -> tuple[EventMessage, ...]:
        return tuple(each for each in self.published_events[request_id] if each.is_terminal)

    def publish(self, request_id: str, kind: str) -> None:
        slots = ("A", "B", "C", "D")
        final = kind == "done"
        self.published_events[request_id] += [
            EventMessage(slot=each, type=kind, is_terminal=final) for each in slots
        ]


@pytest.fixture
def requests() -> FakeRequests:
    return FakeRequests()


def make_hub(requests: FakeRequests) -> EventHub:
    return EventHub(requests)  # type: ignore[arg-type]


async def read_stream(
    streams: EventHub, request_id: str, first: int = 0, language: str = "en"
) -> list[str]:
    return [line async for line in streams.follow(request_id, first, language)]


def kinds(lines: list[str]) -> list[str]:
    return [line.split('"type": "')[1].split('"')[0] for line in lines]


def test_streams_of_one_request_share_its_polling(requests: FakeRequests) -> None:
    async def run_streams() -> list[list[str]]:
        streams = make_hub(requests)
        every = [asyncio.create_task(read_stream(streams, ONE)) for _ in range(100)]
        requests.publish(ONE, "queued")
        while requests.polls[ONE] < 5:
            await asyncio.sleep(0.01)
        requests.publish(ONE, "done")
        found = await asyncio.gather(*every)
        assert streams._feeds == {}
        return found

    found = run(run_streams())
    assert all(each == found[0] for each in found)
    assert kinds(found[0]) == ["queued"] * 4 + ["done"] * 4
    assert requests.polls[ONE] < 50


def test_stream_ends_with_its_own_request(requests: FakeRequests) -> None:
    async def run_streams() -> None:
        streams = make_hub(requests)
        one, other = (asyncio.create_task(read_stream(streams, each)) for each in (ONE, OTHER))
        requests.publish(ONE, "queued")
        requests.publish(ONE, "done")
        assert len(await one) == 8
        assert not other.done()
        requests.publish(OTHER, "done")
        assert kinds(await other) == ["done"] * 4

    run(run_streams())


# Issue 19, 1.
def test_events_are_in_each_followers_language(requests: FakeRequests) -> None:
    late = message("request.expired")
    requests.published_events[ONE] += [
        EventMessage(slot=each, type="failed", is_terminal=True, error=late) for each in SLOTS
    ]

    async def run_streams() -> list[list[str]]:
        streams = make_hub(requests)
        every = (read_stream(streams, ONE, language=each) for each in ("zh-CN", "en"))
        return await asyncio.gather(*every)

    chinese, english = run(run_streams())
    assert [json.loads(each.split("data: ")[1])["error"] for each in chinese] == ["排队超时。"] * 4
    assert '"error": "Queue timeout."' in english[0]


def test_stream_starts_at_the_given_event(requests: FakeRequests) -> None:
    requests.publish(ONE, "queued")
    requests.publish(ONE, "done")
    lines = run(read_stream(make_hub(requests), ONE, 6))
    assert [line.split("\n")[0] for line in lines] == ["id: 6", "id: 7"]
    assert run(read_stream(make_hub(requests), ONE, 8)) == []


def test_streams_wait_while_polling_fails(
    requests: FakeRequests, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("studio.server.event_hub.KEEPALIVE_SECONDS", 0.05)
    monkeypatch.setattr("studio.server.event_hub.POLL_SECONDS", 0.01)

    async def run_streams() -> list[str]:
        streams = make_hub(requests)
        requests.failing = True
        stream = asyncio.create_task(read_stream(streams, ONE))
        while requests.polls[ONE] < 20:
            await asyncio.sleep(0.01)
        assert not stream.done()
        requests.failing = False
        requests.publish(ONE, "done")
        return await stream

    lines = run(run_streams())
    assert ": waiting\n\n" in lines
    assert kinds([line for line in lines if line.startswith("id")]) == ["done"] * 4
    assert "cannot be polled for now: the store is away" in caplog.text


def test_stream_sends_every_end_even_if_events_are_lost(requests: FakeRequests) -> None:
    """As when Redis has lost what was published while it was away: the job table has the ends."""

    async def run_streams() -> list[str]:
        streams = make_hub(requests)
        stream = asyncio.create_task(read_stream(streams, ONE))
        requests.publish(ONE, "queued")
        while not streams._feeds[ONE].published if ONE in streams._feeds else True:
            await asyncio.sleep(0.01)
        requests.log_lost = True
        requests.publish(ONE, "done")
        streams._feeds[ONE].quiet_seconds = STATUS_CHECK_SECONDS
        return await stream

    lines = run(run_streams())
    assert kinds(lines) == ["queued"] * 4 + ["done"] * 4
    assert [line.split("\n")[0] for line in lines] == [f"id: {number}" for number in range(8)]


def test_feed_is_removed_with_its_last_follower(requests: FakeRequests) -> None:
    async def run_streams() -> None:
        streams = make_hub(requests)
        stream = asyncio.create_task(read_stream(streams, ONE))
        while not requests.polls[ONE]:
            await asyncio.sleep(0.01)
        stream.cancel()
        await asyncio.wait([stream])
        assert streams._feeds == {}
        assert streams._polling is not None
        await streams._polling  # It ends by itself.

    run(run_streams())


def test_streams_of_a_client_are_limited(studio: AppContainer) -> None:
    gate = threading.Semaphore(0)
    waiting = create_app_container(
        Settings(data_dir=studio.settings.data_dir), lambda: FakeRenderer(gate=gate)
    )
    key = waiting.stores.clients.create_or_rotate_key(
        ApiClient(name="small", max_concurrent_requests=1)
    )

    headers = {"Authorization": f"Bearer {key}"}
    with (
        serve(waiting) as url,
        httpx2.Client(base_url=url, headers=headers, timeout=LONG) as client,
    ):
        created = client.post(f"{V1}/requests", json=BODY).json()["id"]
        events = f"{V1}/requests/{created}/events"
        streams = [client.stream("GET", events) for _ in range(1 + EXTRA_STREAMS)]
        opened = [stream.__enter__() for stream in streams]
        assert {each.status_code for each in opened} == {200}
        refused = client.get(events)
        assert (refused.status_code, refused.headers["content-type"]) == (
            429,
            "application/problem+json",
        )
        assert f"Event stream limit reached ({1 + EXTRA_STREAMS})" in refused.json()["detail"]
        streams.pop().__exit__(None, None, None)

        def opens() -> bool:
            with client.stream("GET", events) as repeated:
                return bool(repeated.status_code == 200)

        until(opens, pause=0.1)  # The server notices when it does.
        gate.release(100)
        for stream in streams:
            stream.__exit__(None, None, None)
