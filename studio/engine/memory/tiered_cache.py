"""A two-tier model cache (device and RAM): limits, pins, and eviction of the least recently used."""

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

ModelT = TypeVar("ModelT")
ModelT_contra = TypeVar("ModelT_contra", contravariant=True)
Tier = Literal["device", "ram"]


@dataclass(frozen=True)
class TierCapacity:
    """A tier's limits: number of models and, unless None, bytes."""

    count: int
    bytes: int | None = None

    def fits(self, count: int, size: int) -> bool:
        """Whether `count` models of `size` bytes in all are within the limits."""
        return count <= self.count and (self.bytes is None or size <= self.bytes)


class ModelMover(Protocol[ModelT_contra]):
    """Moves a model's weights between RAM and the device. The cache itself only decides."""

    def size_bytes(self, model: ModelT_contra) -> int:
        """Bytes of the model's weights; shared storage counts once."""

    def to_device(self, model: ModelT_contra) -> Callable[[], None]:
        """Moves the model from RAM to the device, all of it or nothing.

        Returns the function that offloads it again; it owns the RAM copy, so it copies nothing.

        Raises DeviceFull when the device has no memory left.
        """

    def release_host_memory(self) -> None:
        """Returns freed memory to the operating system; called after a model has left RAM."""


class DeviceFull(Exception):
    """The device has no memory left for a model; the model is still in RAM."""


@dataclass(frozen=True)
class CacheEntryInfo:
    """One model in the cache; `pinned` while it is in use."""

    key: str
    tier: Tier
    bytes: int
    pinned: bool


@dataclass(frozen=True)
class TieredCacheStats:
    """The cached models, least recently used first, with hits by tier and misses."""

    residents: tuple[CacheEntryInfo, ...]
    device_hits: int
    ram_hits: int
    misses: int

    def bytes(self, tier: Tier) -> int:
        """Bytes in a tier. Models on the device have a copy in RAM, too."""
        return sum(entry.bytes for entry in self.residents if tier in ("ram", entry.tier))


@dataclass
class _Entry(Generic[ModelT]):
    model: ModelT
    size: int
    offload: Callable[[], None] | None = None
    """Takes the model off the device; None while it is in RAM only."""
    pins: int = 0
    last_used: int = 0
    """Value of the shared use counter when it was last acquired."""

    @property
    def is_on_device(self) -> bool:
        return self.offload is not None


class TieredModelCache(Generic[ModelT]):
    """An LRU cache of models in two tiers. A model on the device stays in RAM as well.

    Eviction comes *before* loading, so that the old and the new model never take up memory at once.
    Pinned models are never evicted. Not thread-safe: one lane owns it.
    """

    def __init__(
        self,
        mover: ModelMover[ModelT],
        device: TierCapacity,
        ram: TierCapacity,
        use_counter: Iterator[int] | None = None,
        offload_one: Callable[[], bool] | None = None,
    ) -> None:
        """Caches that share a device share these two, so that they make room for one another.

        Args:
            mover: moves the models.
            device: limits of the device tier.
            ram: limits of the RAM tier.
            use_counter: orders the uses of all caches on the device; its own if None.
            offload_one: offloads one model and returns whether there was one; by default the
                least recently used of this cache alone.
        """
        self._mover = mover
        self._device, self._ram = device, ram
        self._use_counter = count() if use_counter is None else use_counter
        self._offload_one = offload_one or partial(offload_least_recently_used, (self,))
        self._entries: OrderedDict[Hashable, _Entry[ModelT]] = OrderedDict()
        self._device_hits = self._ram_hits = self._misses = 0

    @contextmanager
    def acquire(self, key: Hashable, size: int, load: Callable[[], ModelT]) -> Iterator[ModelT]:
        """The model of `key`, on the device and pinned there for the block.

        Args:
            key: identity of the model; its text is the model's name in errors.
            size: estimated bytes, used before `load` has returned the real model.
            load: reads the model into RAM on a miss.

        Raises InsufficientMemoryError when it cannot fit beside what is pinned.
        """
        entry = self._look_up(key, size, load)
        entry.pins += 1
        try:
            if not entry.is_on_device:
                self._make_room("device", entry.size, key)
                self._to_device(entry, key)
            yield entry.model
        finally:
            entry.pins -= 1

    def evict(self, key: Hashable | None = None) -> None:
        """Evicts one model from both tiers, or with None all of them; pinned ones stay."""
        for candidate in list(self._entries) if key is None else [key]:
            if candidate in self._entries and not self._entries[candidate].pins:
                self._evict_one(candidate)

    def unpinned_on_device(self) -> Iterator[tuple[int, Callable[[], None]]]:
        """Each unpinned model on the device: when it was last used, and how to offload it."""
        for key, entry in tuple(self._entries.items()):
            if entry.is_on_device and not entry.pins:
                yield entry.last_used, partial(self._offload, key)

    def status(self) -> TieredCacheStats:
        """The cached models, hits and misses."""
        residents = tuple(
            CacheEntryInfo(
                str(key), "device" if entry.is_on_device else "ram", entry.size, entry.pins > 0
            )
            for key, entry in tuple(self._entries.items())
        )
        return TieredCacheStats(residents, self._device_hits, self._ram_hits, self._misses)

    def _look_up(self, key: Hashable, size: int, load: Callable[[], ModelT]) -> _Entry[ModelT]:
        """The entry, loaded on a miss and marked as the most recently used."""
        entry = self._entries.get(key)
        if entry is None:
            self._misses += 1
            entry = self._load(key, size, load)
        elif entry.is_on_device:
            self._device_hits += 1
        else:
            self._ram_hits += 1
        self._entries.move_to_end(key)
        entry.last_used = next(self._use_counter)
        return entry

    def _load(self, key: Hashable, size: int, load: Callable[[], ModelT]) -> _Entry[ModelT]:
        self._make_room("ram", size, key)
        model = load()
        entry = _Entry(model, self._mover.size_bytes(model))
        if entry.size > size:  # The estimate was too small: others make up for it.
            self._make_room("ram", entry.size, key)
        self._entries[key] = entry
        return entry

    def _make_room(self, tier: Tier, size: int, key: Hashable) -> None:
        """Offloads or evicts unpinned models until `size` more bytes fit into the tier."""
        capacity = self._device if tier == "device" else self._ram
        while True:
            residents = {k: e for k, e in self._entries.items() if tier == "ram" or e.is_on_device}
            if capacity.fits(len(residents) + 1, sum(e.size for e in residents.values()) + size):
                return
            victim = next((k for k, e in residents.items() if not e.pins), None)
            if victim is None:
                raise _capacity_error(tier, capacity, str(key), f"{size / 1e6:,.0f}")
            if tier == "device":
                self._offload(victim)
            else:
                self._evict_one(victim)

    def _to_device(self, entry: _Entry[ModelT], key: Hashable) -> None:
        """Moves a model to the device, offloading others one by one while the device is full."""
        while True:
            try:
                entry.offload = self._mover.to_device(entry.model)
            except DeviceFull as error:
                device_full = error
            else:
                return
            # Outside of `except`: only here is the memory of the failed attempt free again.
            if not self._offload_one():
                raise InsufficientMemoryError(
                    "engine.device_full", name=str(key), size=f"{entry.size / 1e6:,.0f}"
                ) from device_full

    def _evict_one(self, key: Hashable) -> None:
        self._offload(key)
        del self._entries[key]
        self._mover.release_host_memory()

    def _offload(self, key: Hashable) -> None:
        entry = self._entries[key]
        if entry.offload is None:
            return
        try:
            entry.offload()
        except BaseException:
            # Only part of it was moved: drop it, so that it is loaded anew.
            del self._entries[key]
            raise
        entry.offload = None


def offload_least_recently_used(caches: Iterable[TieredModelCache[Any]]) -> bool:
    """Offloads the least recently used unpinned model of all the caches; False if there is none."""
    candidates = [candidate for cache in caches for candidate in cache.unpinned_on_device()]
    if not candidates:
        return False
    _, offload = min(candidates, key=itemgetter(0))
    offload()
    return True


def _capacity_error(
    tier: Tier, capacity: TierCapacity, name: str, size: str
) -> InsufficientMemoryError:
    """`size` is the model's, in MB as text."""
    limit = message("engine.models", count=capacity.count)
    if capacity.count == 1:
        limit = message("engine.one_model")
    if capacity.bytes is not None:
        limit = message("engine.models_and_size", models=limit, size=f"{capacity.bytes / 1e6:,.0f}")
    if tier == "ram":
        return InsufficientMemoryError("engine.ram_too_small", name=name, size=size, limit=limit)
    return InsufficientMemoryError("engine.device_too_small", name=name, size=size, limit=limit)
