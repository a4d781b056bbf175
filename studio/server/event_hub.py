"""What happens to requests, to any number of followers: each request is looked at once for all of them."""

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
from studio.services.requests.request_service import RequestService

log = logging.getLogger(__name__)

PAUSE = 0.1
"""Seconds between looks for news."""
LOOKS = 500
"""Requests that are looked at in a second at most: with more of them followed, the pause is longer."""
UNTOLD = 5.0
"""Seconds without news after which the job table is asked whether a request has ended untold."""
HEARTBEAT = 15.0
"""Seconds between signs of life where there are no news."""
BESIDE = 8
"""Streams that a client may have open beside one for each request that may be under way."""


def lines_of(request_id: str, news: Sequence[EventMessage], first: int, language: str) -> list[str]:
    """Events as they are written to a stream, `end` those that end a job."""
    return [
        f"id: {first + index}\nevent: {'end' if said.is_terminal else 'news'}\n"
        f"data: {json.dumps(to_event_payload(request_id, said, language))}\n\n"
        for index, said in enumerate(news)
    ]


class _Feed:
    """The events of one request so far, for whoever follows it. Of the event loop alone."""

    def __init__(self, request_id: str) -> None:
        self.published: list[EventMessage] = []
        self._request_id = request_id
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self.ended: set[Slot] = set()
        self.finished = False
        self.followers = 0
        self.quiet = UNTOLD
        self.changed = asyncio.Event()

    def lines(self, language: str) -> list[str]:
        """The events as lines, written once for all who read the language."""
        lines = self._lines[language]
        first = len(lines)
        lines.extend(lines_of(self._request_id, self.published[first:], first, language))
        return lines

    def publish(self, news: Sequence[EventMessage], over: bool, seconds: float) -> None:
        """Takes in what a look found, `seconds` before the next."""
        self.quiet = 0.0 if news or self.quiet >= UNTOLD else self.quiet + seconds
        self.published.extend(news)
        self.ended |= {said.slot for said in news if said.is_terminal}
        self.finished = self.finished or over
        if news or over:
            self.changed.set()
            self.changed = asyncio.Event()


@dataclass(frozen=True)
class _Wanted:
    """A look at a request: its feed has events up to `number`, and the ends of these jobs."""

    request_id: str
    feed: _Feed
    sequence: int
    ended: frozenset[Slot]


class Following:
    """Followers of requests, and the one task that looks for news for all of them while there are any."""

    def __init__(self, serving: RequestService) -> None:
        self._serving = serving
        self._feeds: dict[str, _Feed] = {}
        self._streams: Counter[str] = Counter()
        self._polling: asyncio.Task[None] | None = None
        self._failing = False

    @contextmanager
    def stream(self, client: ApiClient) -> Iterator[None]:
        """Counts a client's stream while it is open. Raises Busy where they have too many."""
        most = client.max_concurrent_requests + BESIDE
        if self._streams[client.name] >= most:
            raise CapacityError("request.too_many_streams", 5, count=most)
        self._streams[client.name] += 1
        try:
            yield
        finally:
            self._streams[client.name] -= 1

    async def lines(self, request_id: str, first: int, language: str) -> AsyncIterator[str]:
        """Each event from this number on as it comes, until every job has ended; a comment now and then
        where there are none."""
        feed = self._feeds.setdefault(request_id, _Feed(request_id))
        feed.followers += 1
        self._poll_remaining()
        try:
            while True:
                changed = feed.changed
                news = feed.lines(language)[first:]
                for line in news:
                    yield line
                first += len(news)
                if first < len(feed.published):
                    continue
                if feed.finished:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield ": waiting\n\n"
        finally:
            feed.followers -= 1
            if not feed.followers:
                del self._feeds[request_id]

    def close(self) -> None:
        if self._polling is not None:
            self._polling.cancel()

    def _poll_remaining(self) -> None:
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll_requests())

    async def _poll_requests(self) -> None:
        while self._feeds:
            pause = max(PAUSE, len(self._feeds) / LOOKS)
            wanted = [
                _Wanted(request_id, feed, len(feed.published), frozenset(feed.ended))
                for request_id, feed in self._feeds.items()
                if not feed.finished
            ]
            for each, (news, over) in await to_thread.run_sync(self._poll_request, wanted):
                each.feed.publish(news, over, pause)
            await asyncio.sleep(pause)

    def _poll_request(
        self, wanted: Sequence["_Wanted"]
    ) -> list[tuple["_Wanted", tuple[Sequence[EventMessage], bool]]]:
        """In a thread: news of each request from a number on, and whether there will be none any more."""
        return [(each, self._poll(each)) for each in wanted]

    def _poll(self, wanted: "_Wanted") -> tuple[Sequence[EventMessage], bool]:
        """Whatever goes wrong may be over at the next look."""
        request_id, number = wanted.request_id, wanted.sequence
        try:
            news = self._serving.events_since(request_id, number) or ()
            over = False
            if wanted.feed.quiet >= UNTOLD or any(said.is_terminal for said in news):
                # In this order: what is told between the two is not lost.
                over = self._serving.is_finished(request_id)
                news += self._serving.events_since(request_id, number + len(news)) or ()
            if over:
                ended = wanted.ended | {said.slot for said in news if said.is_terminal}
                # Redis may have forgotten events: no stream closes without every end.
                news += tuple(
                    said
                    for said in self._serving.terminal_events(request_id)
                    if said.is_terminal and said.slot not in ended
                )
            self._failing = False
            return news, over
        except Exception as error:
            if not self._failing:  # Once, not ten times a second for each request.
                log.warning("request %s cannot be looked at for now: %s", request_id, error)
            self._failing = True
            return (), False
