"""Fans out the events of requests to any number of event streams, polling each request once for all.

`EventHub` has one polling task while anybody follows a request. Every followed request has a `_Feed`
with its events so far; streams read from the feed and wait until it changes.
"""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import to_thread

from studio.errors import CapacityError
from studio.recipes.serving.request_status import ApiClient, EventMessage
from studio.recipes.themes.preset import Slot
from studio.server.schemas import to_event_payload
from studio.services.requests.request_events import RequestEvents

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
"""Seconds between polls for new events."""
MAX_POLLS_PER_SECOND = 500
"""Requests polled in a second: with more of them followed, the interval is longer."""
STATUS_CHECK_SECONDS = 5.0
"""Seconds without an event after which the job table is asked whether the request has ended: an event may
have been lost."""
KEEPALIVE_SECONDS = 15.0
"""Seconds between keep-alive comments on a stream without events."""
EXTRA_STREAMS = 8
"""Streams that a client may have open beyond one for each of its concurrent requests."""


def format_sse(
    request_id: str, events: Sequence[EventMessage], first: int, language: str
) -> list[str]:
    """Events as blocks of a server-sent event stream, numbered from `first`.

    The event name is `done` for an event that ends its job, else `update`.
    """
    return [
        f"id: {first + index}\nevent: {'done' if event.is_terminal else 'update'}\n"
        f"data: {json.dumps(to_event_payload(request_id, event, language))}\n\n"
        for index, event in enumerate(events)
    ]


class _Feed:
    """The events of one request so far. Used on the event loop alone."""

    def __init__(self, request_id: str) -> None:
        self.published: list[EventMessage] = []
        self._request_id = request_id
        self._blocks: defaultdict[str, list[str]] = defaultdict(list)
        self.ended: set[Slot] = set()
        self.finished = False
        self.followers = 0
        self.quiet_seconds = STATUS_CHECK_SECONDS
        self.changed = asyncio.Event()

    def blocks(self, language: str) -> list[str]:
        """The events as blocks of a stream, formatted once for all followers of a language."""
        blocks = self._blocks[language]
        first = len(blocks)
        blocks.extend(format_sse(self._request_id, self.published[first:], first, language))
        return blocks

    def publish(self, poll: "_Poll", interval: float) -> None:
        """Adds what a poll found; `interval` is the number of seconds to the next."""
        due = poll.events or self.quiet_seconds >= STATUS_CHECK_SECONDS
        self.quiet_seconds = 0.0 if due else self.quiet_seconds + interval
        self.published.extend(poll.events)
        self.ended |= _ended_slots(poll.events)
        self.finished = self.finished or poll.finished
        if poll.events or poll.finished:
            self.changed.set()
            self.changed = asyncio.Event()


@dataclass(frozen=True)
class _Target:
    """A request to poll: its feed has the events before `sequence`, and the ends of the jobs `ended`."""

    request_id: str
    feed: _Feed
    sequence: int
    ended: frozenset[Slot]


@dataclass(frozen=True)
class _Poll:
    """The new events of a request, and whether there will be no more."""

    events: Sequence[EventMessage] = ()
    finished: bool = False


class EventHub:
    """Event streams, and the one task that polls the followed requests while there are any."""

    def __init__(self, request_events: RequestEvents) -> None:
        self._request_events = request_events
        self._feeds: dict[str, _Feed] = {}
        self._streams: Counter[str] = Counter()
        self._polling: asyncio.Task[None] | None = None
        self._failing = False

    @contextmanager
    def count_stream(self, client: ApiClient) -> Iterator[None]:
        """Counts a client's stream while it is open. Raises CapacityError for one too many."""
        limit = client.max_concurrent_requests + EXTRA_STREAMS
        if self._streams[client.name] >= limit:
            raise CapacityError("request.too_many_streams", 5, count=limit)
        self._streams[client.name] += 1
        try:
            yield
        finally:
            self._streams[client.name] -= 1

    async def follow(self, request_id: str, first: int, language: str) -> AsyncIterator[str]:
        """Each event from number `first` on as a block of a stream, until every job has ended, with a
        keep-alive comment now and then."""
        feed = self._feeds.setdefault(request_id, _Feed(request_id))
        feed.followers += 1
        self._ensure_polling()
        try:
            while True:
                changed = feed.changed
                new_blocks = feed.blocks(language)[first:]
                for block in new_blocks:
                    yield block
                first += len(new_blocks)
                if first < len(feed.published):
                    continue
                if feed.finished:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), KEEPALIVE_SECONDS)
                except TimeoutError:
                    yield ": waiting\n\n"
        finally:
            feed.followers -= 1
            if not feed.followers:
                del self._feeds[request_id]

    def close(self) -> None:
        """Ends polling; streams that are still open get no more events."""
        if self._polling is not None:
            self._polling.cancel()

    def _ensure_polling(self) -> None:
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll_while_followed())

    async def _poll_while_followed(self) -> None:
        while self._feeds:
            interval = max(POLL_SECONDS, len(self._feeds) / MAX_POLLS_PER_SECOND)
            targets = [
                _Target(request_id, feed, len(feed.published), frozenset(feed.ended))
                for request_id, feed in self._feeds.items()
                if not feed.finished
            ]
            for target, poll in await to_thread.run_sync(self._poll_all, targets):
                target.feed.publish(poll, interval)
            await asyncio.sleep(interval)

    def _poll_all(self, targets: Sequence[_Target]) -> list[tuple[_Target, _Poll]]:
        """Runs in a worker thread."""
        return [(target, self._poll(target)) for target in targets]

    def _poll(self, target: _Target) -> _Poll:
        """An empty poll after an error: the next may succeed."""
        try:
            poll = self._new_events(target)
        except Exception as error:
            if not self._failing:  # Logged once, not ten times a second for each request.
                log.warning("request %s cannot be polled for now: %s", target.request_id, error)
            self._failing = True
            return _Poll()
        self._failing = False
        return poll

    def _new_events(self, target: _Target) -> _Poll:
        request_id, sequence = target.request_id, target.sequence
        events = tuple(self._request_events.events_since(request_id, sequence) or ())
        quiet = target.feed.quiet_seconds >= STATUS_CHECK_SECONDS
        if not quiet and not any(event.is_terminal for event in events):
            return _Poll(events)
        # Events after the status: whatever was published in between is not lost.
        finished = self._request_events.is_finished(request_id)
        events += tuple(self._request_events.events_since(request_id, sequence + len(events)) or ())
        if finished:
            # Redis may have lost events: no stream closes before it has sent how each job ended.
            ended = target.ended | _ended_slots(events)
            events += tuple(
                event
                for event in self._request_events.terminal_events(request_id)
                if event.is_terminal and event.slot not in ended
            )
        return _Poll(events, finished)


def _ended_slots(events: Sequence[EventMessage]) -> set[Slot]:
    return {event.slot for event in events if event.is_terminal}
