"""Keeps the most recently used models loaded and lets the others go."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Loaded = TypeVar("Loaded")


class Shelf(Generic[Loaded]):
    """At most `room` loaded things, least recently used first out.

    The oldest leaves *before* a new one is loaded, so that both never stand there at once.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._held: OrderedDict[Hashable, Loaded] = OrderedDict()

    def get(self, key: Hashable, load: Callable[[], Loaded]) -> Loaded:
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        while len(self._held) >= self._room:
            self._held.popitem(last=False)
        self._held[key] = load()
        return self._held[key]
