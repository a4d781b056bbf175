"""Which models stand on the device and which in RAM: limits, pins, least recently used first out."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from operator import itemgetter
from typing import Any, Generic, Literal, Protocol, TypeVar

from studio.errors import InsufficientMemoryError
from studio.messages import message

Loaded = TypeVar("Loaded")
Placed_contra = TypeVar("Placed_contra", contravariant=True)
Tier = Literal["device", "ram"]


@dataclass(frozen=True)
class TierCapacity:
    """A tier's limits: how many models, and how many bytes (None: as many as there are)."""

    count: int
    bytes: int | None = None

    def fits(self, count: int, size: int) -> bool:
        return count <= self.count and (self.bytes is None or size <= self.bytes)


class ModelMover(Protocol[Placed_contra]):
    """How a model really moves. The policy below never touches one itself."""

    def size_bytes(self, model: Placed_contra) -> int:
        """Bytes of the model's weights, each storage counted once."""

    def to_device(self, model: Placed_contra) -> Callable[[], None]:
        """RAM to device, whole or not at all. Returns the way down, which holds the RAM copy, so
        that it copies nothing. Raises DeviceFull when the device has no memory left for it."""

    def release_host_memory(self) -> None:
        """Called after a model has left RAM: hands memory back to the system."""


class DeviceFull(Exception):
    """A model found no memory on the device, and is in RAM as it was."""


@dataclass(frozen=True)
class CacheEntryInfo:
    """One line of `TieredModelCache.status`."""

    key: str
    tier: Tier
    bytes: int
    pinned: bool


@dataclass(frozen=True)
class TieredCacheStats:
    """What is where, least recently used first, and how often it was there when asked for."""

    residents: tuple[CacheEntryInfo, ...]
    device_hits: int
    ram_hits: int
    misses: int

    def bytes(self, tier: Tier) -> int:
        """What a tier holds. RAM holds a copy of what is on the device, too."""
        return sum(each.bytes for each in self.residents if tier in ("ram", each.tier))


@dataclass
class _Entry(Generic[Loaded]):
    model: Loaded
    size: int
    way_down: Callable[[], None] | None = None
    pins: int = 0
    used: int = 0
    """When it was last asked for, counted in uses."""

    @property
    def on_device(self) -> bool:
        return self.way_down is not None


class TieredModelCache(Generic[Loaded]):
    """At most so many models in each tier. A model on the device keeps its place in RAM.

    What must leave leaves *before* the next one comes, so that both never stand there at once.
    Not thread-safe: one lane owns it.
    """

    def __init__(
        self,
        placement: ModelMover[Loaded],
        device: TierCapacity,
        ram: TierCapacity,
        uses: Iterator[int] | None = None,
        spare: Callable[[], bool] | None = None,
    ) -> None:
        """Residencies that share a device count their `uses` together. `spare` lowers one model
        from the device and says whether there was one; its own alone if None."""
        self._placement = placement
        self._device, self._ram = device, ram
        self._uses = count() if uses is None else uses
        self._evictable = spare or partial(lower_least_recent, (self,))
        self._entries: OrderedDict[Hashable, _Entry[Loaded]] = OrderedDict()
        self._device_hits = self._ram_hits = self._misses = 0

    @contextmanager
    def acquire(self, key: Hashable, size: int, load: Callable[[], Loaded]) -> Iterator[Loaded]:
        """The model of `key` on the device, and pinned there for the block.

        `size` is what it is expected to weigh before `load` has been called. Where the device has
        no memory left, others leave it, least recently used first. Raises NoRoom when it cannot
        fit beside what is in use.
        """
        held = self._entries.get(key)
        if held is None:
            self._misses += 1
            held = self._load(key, size, load)
        elif held.on_device:
            self._device_hits += 1
        else:
            self._ram_hits += 1
        self._entries.move_to_end(key)
        held.used = next(self._uses)
        held.pins += 1
        try:
            if not held.on_device:
                self._make_room("device", held.size, key)
                self._up(held, key)
            yield held.model
        finally:
            held.pins -= 1

    def evict(self, key: Hashable | None = None) -> None:
        """Lets go of one model, or of all that are not in use."""
        for name in list(self._entries) if key is None else [key]:
            if name in self._entries and not self._entries[name].pins:
                self._evict_one(name)

    def idle(self) -> Iterator[tuple[int, Callable[[], None]]]:
        """The models on the device that are not in use: when each was last used, and its way
        down into RAM."""
        for key, held in tuple(self._entries.items()):
            if held.on_device and not held.pins:
                yield held.used, partial(self._offload, key)

    def status(self) -> TieredCacheStats:
        residents = tuple(
            CacheEntryInfo(
                str(key), "device" if held.on_device else "ram", held.size, held.pins > 0
            )
            for key, held in tuple(self._entries.items())
        )
        return TieredCacheStats(residents, self._device_hits, self._ram_hits, self._misses)

    def _load(self, key: Hashable, size: int, load: Callable[[], Loaded]) -> _Entry[Loaded]:
        self._make_room("ram", size, key)
        model = load()
        held = _Entry(model, self._placement.size_bytes(model))
        if held.size > size:  # It weighs more than it said; others make up for it.
            self._make_room("ram", held.size, key)
        self._entries[key] = held
        return held

    def _make_room(self, tier: Tier, size: int, key: Hashable) -> None:
        room = self._device if tier == "device" else self._ram
        while True:
            standing = {k: h for k, h in self._entries.items() if tier == "ram" or h.on_device}
            if room.fits(len(standing) + 1, sum(h.size for h in standing.values()) + size):
                return
            victim = next((k for k, h in standing.items() if not h.pins), None)
            if victim is None:
                raise _no_room(tier, room, str(key), f"{size / 1e6:,.0f}")
            if tier == "device":
                self._offload(victim)
            else:
                self._evict_one(victim)

    def _up(self, held: _Entry[Loaded], key: Hashable) -> None:
        while True:
            try:
                held.way_down = self._placement.to_device(held.model)
            except DeviceFull as error:
                full = error
            else:
                return
            # Outside of `except`, where what the failed try had allocated is free again.
            if not self._evictable():
                raise InsufficientMemoryError(
                    "engine.device_full", name=str(key), size=f"{held.size / 1e6:,.0f}"
                ) from full

    def _evict_one(self, key: Hashable) -> None:
        self._offload(key)
        del self._entries[key]
        self._placement.release_host_memory()

    def _offload(self, key: Hashable) -> None:
        held = self._entries[key]
        if held.way_down is None:
            return
        try:
            held.way_down()
        except BaseException:
            # Half of it is down. It is read anew when it is asked for again.
            del self._entries[key]
            raise
        held.way_down = None


def lower_least_recent(residencies: Iterable[TieredModelCache[Any]]) -> bool:
    """Lowers the model that was not used for longest of all that stand on the device and are not
    in use. False when there is none."""
    idle = [each for residency in residencies for each in residency.idle()]
    if not idle:
        return False
    _, lower = min(idle, key=itemgetter(0))
    lower()
    return True


def _no_room(tier: Tier, room: TierCapacity, name: str, size: str) -> InsufficientMemoryError:
    limit = message("engine.models", count=room.count)
    if room.count == 1:
        limit = message("engine.one_model")
    if room.bytes is not None:
        limit = message("engine.models_and_size", models=limit, size=f"{room.bytes / 1e6:,.0f}")
    if tier == "ram":
        return InsufficientMemoryError("engine.ram_too_small", name=name, size=size, limit=limit)
    return InsufficientMemoryError("engine.device_too_small", name=name, size=size, limit=limit)
