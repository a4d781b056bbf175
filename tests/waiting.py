"""How tests wait: for a state, and as long as the slowest machine may need. Nothing is measured by it:
a test goes on as soon as what it waits for is there. Speed belongs into `benchmarks/`."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

LONG = 180.0
"""Seconds until a test gives up on what should have happened."""
LONG_MS = LONG * 1000
"""The same in milliseconds, as browsers take it."""
PAUSE = 0.02
"""Seconds between two looks."""

Found = TypeVar("Found")


def until(
    look: Callable[[], Found], holds: Callable[[Found], object] = bool, pause: float = PAUSE
) -> Found:
    """Looks again and again, and gives back what is found once it holds, or else once it is true.

    Raises TimeoutError, naming what was found last, after `LONG`."""
    end = time.monotonic() + LONG
    while not holds(found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"still this after {LONG:.0f} s: {found}")
        time.sleep(pause)
    return found


def run(coroutine: Coroutine[Any, Any, Found]) -> Found:
    """What asyncio.run gives, in a thread: Playwright leaves an event loop running in this one.

    Raises TimeoutError after `LONG`."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, asyncio.wait_for(coroutine, LONG)).result()
