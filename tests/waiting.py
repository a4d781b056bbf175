"""How tests wait: for a state, as long as the slowest machine may need.

A test continues as soon as the state is reached. Nothing is measured here; that is what
`tests/benchmarks` is for.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

LONG = 180.0
"""Seconds until a test gives up waiting."""
LONG_MS = LONG * 1000
"""The same in milliseconds, for Playwright."""
PAUSE = 0.02
"""Seconds between two polls."""

T = TypeVar("T")


def until(
    poll: Callable[[], T], condition: Callable[[T], object] = bool, pause: float = PAUSE
) -> T:
    """Polls until the value meets the condition (by default: is true), and returns the value.

    Raises TimeoutError, with the last value, after `LONG` seconds."""
    deadline = time.monotonic() + LONG
    while not condition(value := poll()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"condition not met after {LONG:.0f} s; last value: {value}")
        time.sleep(pause)
    return value


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """asyncio.run in another thread, since Playwright leaves an event loop running in this one.

    Raises TimeoutError after `LONG` seconds."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, asyncio.wait_for(coroutine, LONG)).result()
