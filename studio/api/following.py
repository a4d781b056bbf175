"""What happens to requests, to any number of followers: each request is looked at once for all of them."""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import to_thread

from studio.api.wire import event_shown
from studio.errors import Busy
from studio.recipes.preset import Letter
from studio.recipes.serving import Client, Told
from studio.service.serving import Serving

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


def lines_of(request_id: str, news: Sequence[Told], first: int, language: str) -> list[str]:
    """Events as they are written to a stream, `end` those that end a job."""
    return [
        f"id: {first + index}\nevent: {'end' if said.final else 'news'}\n"
        f"data: {json.dumps(event_shown(request_id, said, language))}\n\n"
        for index, said in enumerate(news)
    ]


class _Feed:
    """The events of one request so far, for whoever follows it. Of the event loop alone."""

    def __init__(self, request_id: str) -> None:
        self.told: list[Told] = []
        self._request_id = request_id
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self.ended: set[Letter] = set()
        self.over = False
        self.followers = 0
        self.quiet = UNTOLD
        self.changed = asyncio.Event()

    def lines(self, language: str) -> list[str]:
        """The events as lines, written once for all who read the language."""
        lines = self._lines[language]
        first = len(lines)
        lines.extend(lines_of(self._request_id, self.told[first:], first, language))
        return lines

    def tell(self, news: Sequence[Told], over: bool, seconds: float) -> None:
        """Takes in what a look found, `seconds` before the next."""
        self.quiet = 0.0 if news or self.quiet >= UNTOLD else self.quiet + seconds
        self.told.extend(news)
        self.ended |= {said.letter for said in news if said.final}
        self.over = self.over or over
        if news or over:
            self.changed.set()
            self.changed = asyncio.Event()


@dataclass(frozen=True)
class _Wanted:
    """A look at a request: its feed has events up to `number`, and the ends of these jobs."""

    request_id: str
    feed: _Feed
    number: int
    ended: frozenset[Letter]


class Following:
    """Followers of requests, and the one task that looks for news for all of them while there are any."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._feeds: dict[str, _Feed] = {}
        self._streams: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self._failing = False

    @contextmanager
    def stream(self, client: Client) -> Iterator[None]:
        """Counts a client's stream while it is open. Raises Busy where they have too many."""
        most = client.in_flight + BESIDE
        if self._streams[client.name] >= most:
            raise Busy("request.too_many_streams", 5, count=most)
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
        self._look_on()
        try:
            while True:
                changed = feed.changed
                news = feed.lines(language)[first:]
                for line in news:
                    yield line
                first += len(news)
                if first < len(feed.told):
                    continue
                if feed.over:
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
        if self._looking is not None:
            self._looking.cancel()

    def _look_on(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_at_all())

    async def _look_at_all(self) -> None:
        while self._feeds:
            pause = max(PAUSE, len(self._feeds) / LOOKS)
            wanted = [
                _Wanted(request_id, feed, len(feed.told), frozenset(feed.ended))
                for request_id, feed in self._feeds.items()
                if not feed.over
            ]
            for each, (news, over) in await to_thread.run_sync(self._look_at, wanted):
                each.feed.tell(news, over, pause)
            await asyncio.sleep(pause)

    def _look_at(
        self, wanted: Sequence["_Wanted"]
    ) -> list[tuple["_Wanted", tuple[Sequence[Told], bool]]]:
        """In a thread: news of each request from a number on, and whether there will be none any more."""
        return [(each, self._look(each)) for each in wanted]

    def _look(self, wanted: "_Wanted") -> tuple[Sequence[Told], bool]:
        """Whatever goes wrong may be over at the next look."""
        request_id, number = wanted.request_id, wanted.number
        try:
            news = self._serving.news(request_id, number) or ()
            over = False
            if wanted.feed.quiet >= UNTOLD or any(said.final for said in news):
                # In this order: what is told between the two is not lost.
                over = self._serving.is_over(request_id)
                news += self._serving.news(request_id, number + len(news)) or ()
            if over:
                ended = wanted.ended | {said.letter for said in news if said.final}
                # Redis may have forgotten events: no stream closes without every end.
                news += tuple(
                    said
                    for said in self._serving.history(request_id)
                    if said.final and said.letter not in ended
                )
            self._failing = False
            return news, over
        except Exception as error:
            if not self._failing:  # Once, not ten times a second for each request.
                log.warning("request %s cannot be looked at for now: %s", request_id, error)
            self._failing = True
            return (), False
