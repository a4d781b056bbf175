"""A model cache in two tiers: whole models in RAM, least recently used out first; the device tier is
the `DeviceLedger`'s, by components."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from studio.engine.memory.device_ledger import ComponentT, DeviceLedger, LedgerEntry
from studio.errors import InsufficientMemoryError
from studio.messages import message

ModelT = TypeVar("ModelT")
Tier = Literal["device", "ram"]


@dataclass(frozen=True)
class TierCapacity:
    """A tier's limits: number of models and, unless None, bytes."""

    count: int
    bytes: int | None = None

    def fits(self, count: int, size: int) -> bool:
        """Whether `count` models of `size` bytes in all are within the limits."""
        return count <= self.count and (self.bytes is None or size <= self.bytes)


@dataclass(frozen=True)
class CacheEntryInfo:
    """One model in the cache; `pinned` while it is in use."""

    key: str

    tier: Tier
    """Where its denoiser, or its only component, is."""

    bytes: int
    """In RAM. What several models share counts for the first of them."""

    pinned: bool
    device_bytes: int = 0


@dataclass(frozen=True)
class TieredCacheStats:
    """The cached models, least recently used first, with hits by tier and misses."""

    residents: tuple[CacheEntryInfo, ...]
    device_hits: int
    ram_hits: int
    misses: int

    def bytes(self, tier: Tier) -> int:
        """Bytes in a tier. Models on the device have a copy in RAM, too."""
        if tier == "ram":
            return sum(entry.bytes for entry in self.residents)
        return sum(entry.device_bytes for entry in self.residents)


@dataclass(eq=False)
class CachedModel(Generic[ModelT, ComponentT]):
    """A model in RAM and its components."""

    model: ModelT

    entries: tuple[LedgerEntry[ComponentT], ...]
    """Its main component first: the denoiser, or the only one."""

    pins: int = 0


ModelLoader = Callable[[], tuple[ModelT, Sequence[LedgerEntry[ComponentT]]]]
"""Reads a model into RAM; the components' entries come from `DeviceLedger.intern`."""


class TieredModelCache(Generic[ModelT, ComponentT]):
    """An LRU cache of models in RAM.

    Eviction comes *before* loading, so that the old and the new model never take up memory at once.
    Pinned models are never evicted. Thread-safe: two threads that want one model load it once.
    """

    def __init__(self, ledger: DeviceLedger[ComponentT], ram: TierCapacity) -> None:
        """Caches of one ledger share its lock and their components."""
        self._ledger, self._ram = ledger, ram
        self._changed = threading.Condition(ledger.lock)
        self._models: OrderedDict[Hashable, CachedModel[ModelT, ComponentT]] = OrderedDict()
        self._requested: set[Hashable] = set()
        """What a thread is about to load."""

        self._loading: dict[Hashable, int] = {}
        """What is being loaded, by key, and its estimated bytes, for which room was made."""
        self._device_hits = self._ram_hits = self._misses = 0

    @contextmanager
    def acquire(
        self, key: Hashable, size: int, load: ModelLoader[ModelT, ComponentT]
    ) -> Iterator[CachedModel[ModelT, ComponentT]]:
        """The model of `key`, in RAM and pinned there for the block.

        Args:
            key: identity of the model; its text is the model's name in errors.
            size: estimated bytes, used before `load` has returned the real model.
            load: reads the model into RAM on a miss.

        Raises InsufficientMemoryError when it cannot fit beside what is pinned.
        """
        cached = self._look_up(key) or self._load(key, size, load, pins=1)
        try:
            yield cached
        finally:
            with self._changed:
                cached.pins -= 1

    def prefetch(self, key: Hashable, size: int, load: ModelLoader[ModelT, ComponentT]) -> None:
        """As `acquire`, but without pinning it, and nothing where it is in RAM or on its way."""
        with self._changed:
            if key in self._models or key in self._requested:
                return
            self._requested.add(key)
        self._load(key, size, load, pins=0)

    def find(self, key: Hashable) -> CachedModel[ModelT, ComponentT] | None:
        """The model of `key` if it is in RAM, where it stays while the caller holds the ledger's lock."""
        with self._changed:
            return self._models.get(key)

    def is_loading(self, key: Hashable) -> bool:
        """Whether a thread reads the model of `key` into RAM now."""
        with self._changed:
            return key in self._requested

    def evict(self) -> None:
        """Evicts all models from both tiers; pinned ones stay."""
        with self._changed:
            for key, cached in tuple(self._models.items()):
                if not cached.pins:
                    self._evict_one(key)

    def status(self) -> TieredCacheStats:
        """The cached models, hits and misses."""
        counted: set[int] = set()
        residents = []
        with self._changed:
            for key, cached in self._models.items():
                own = [entry for entry in cached.entries if id(entry) not in counted]
                counted.update(map(id, own))
                tier: Tier = "device" if cached.entries[0].is_on_device else "ram"
                size = sum(entry.size for entry in own)
                on_device = sum(entry.size for entry in own if entry.is_on_device)
                residents.append(CacheEntryInfo(str(key), tier, size, cached.pins > 0, on_device))
            return TieredCacheStats(
                tuple(residents), self._device_hits, self._ram_hits, self._misses
            )

    def _look_up(self, key: Hashable) -> CachedModel[ModelT, ComponentT] | None:
        """The model, pinned and marked as the most recently used; None: this thread must load it."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._requested)
            cached = self._models.get(key)
            if cached is None:
                self._misses += 1
                self._requested.add(key)
                return None
            if cached.entries[0].is_on_device:
                self._device_hits += 1
            else:
                self._ram_hits += 1
            self._models.move_to_end(key)
            cached.pins += 1
            return cached

    def _load(
        self, key: Hashable, size: int, load: ModelLoader[ModelT, ComponentT], pins: int
    ) -> CachedModel[ModelT, ComponentT]:
        """The model, loaded outside of the lock, with so many pins."""
        try:
            with self._changed:
                self._make_room(size, key)
                self._loading[key] = size
            model, entries = load()
            cached = CachedModel(model, tuple(entries), pins)
            with self._changed:
                del self._loading[key]
                actual = sum(entry.size for entry in self._new_entries(cached))
                if actual > size:  # The estimate was too small: others make up for it.
                    self._changed.notify_all()
                    try:
                        self._make_room(actual, key)
                    except BaseException:
                        self._release(cached)
                        raise
                self._models[key] = cached
                return cached
        finally:
            with self._changed:
                self._loading.pop(key, None)
                self._requested.remove(key)
                self._changed.notify_all()

    def _new_entries(
        self, cached: CachedModel[ModelT, ComponentT]
    ) -> list[LedgerEntry[ComponentT]]:
        """What no other model of this cache holds."""
        cached_ids = {id(entry) for other in self._models.values() for entry in other.entries}
        return [entry for entry in dict.fromkeys(cached.entries) if id(entry) not in cached_ids]

    def _make_room(self, size: int, key: Hashable) -> None:
        """Evicts unpinned models until `size` more bytes fit, beside what others are loading."""
        while True:
            entries = {entry for cached in self._models.values() for entry in cached.entries}
            cached_bytes = sum(entry.size for entry in entries) + sum(self._loading.values())
            if self._ram.fits(len(self._models) + len(self._loading) + 1, cached_bytes + size):
                return
            victim = next((k for k, cached in self._models.items() if not cached.pins), None)
            if victim is not None:
                self._evict_one(victim)
            elif self._loading:  # Once it is loaded it may leave.
                self._changed.wait()
            else:
                raise self._capacity_error(str(key), size)

    def _evict_one(self, key: Hashable) -> None:
        self._release(self._models.pop(key))
        self._ledger.mover.release_host_memory()

    def _release(self, cached: CachedModel[ModelT, ComponentT]) -> None:
        for entry in cached.entries:
            self._ledger.release(entry)

    def _capacity_error(self, name: str, size: int) -> InsufficientMemoryError:
        """`size` is the model's, in bytes."""
        limit = message("engine.models", count=self._ram.count)
        if self._ram.count == 1:
            limit = message("engine.one_model")
        if self._ram.bytes is not None:
            megabytes = f"{self._ram.bytes / 1e6:,.0f}"
            limit = message("engine.models_and_size", models=limit, size=megabytes)
        return InsufficientMemoryError(
            "engine.ram_too_small", name=name, size=f"{size / 1e6:,.0f}", limit=limit
        )
