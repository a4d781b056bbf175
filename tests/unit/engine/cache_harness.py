"""A model cache on a device ledger whose mover only keeps a log: no model is ever loaded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from studio.engine.memory.component_mover import DeviceFullError
from studio.engine.memory.device_ledger import (
    DeviceLedger,
    LedgerEntry,
)
from studio.engine.memory.eviction import ComponentKind, DeviceLimits
from studio.engine.memory.tiered_cache import (
    CachedModel,
    CacheEntryInfo,
    TierCapacity,
    TieredCacheStats,
    TieredModelCache,
)


@dataclass(eq=False)
class FakeComponent:
    """A component without weights."""

    name: str
    size: int
    is_on_device: bool = False


@dataclass
class LoggingMover:
    """A mover that moves nothing and logs every call, with a device of `capacity` bytes."""

    capacity: int | None = None
    log: list[str] = field(default_factory=list)
    on_device: int = 0
    failures: int = 0
    """How many of the next transfers find the device full all the same."""

    def size_bytes(self, component: FakeComponent) -> int:
        return component.size

    def to_device(self, component: FakeComponent) -> Callable[[], None]:
        assert not component.is_on_device
        if self.failures > 0:
            self.failures -= 1
            self.log.append(f"full for {component.name}")
            raise DeviceFullError
        component.is_on_device = True
        self.on_device += component.size
        self.log.append(f"transfer {component.name}")

        def offload() -> None:
            assert component.is_on_device
            component.is_on_device = False
            self.on_device -= component.size
            self.log.append(f"offload {component.name}")

        return offload

    def to_device_on_side_stream(self, component: FakeComponent) -> Callable[[], None]:
        return self.to_device(component)

    def free_bytes(self) -> int | None:
        return None if self.capacity is None else self.capacity - self.on_device

    def release_host_memory(self) -> None:
        self.log.append("released")


Model = CachedModel[str, FakeComponent]


class CacheHarness:
    """A cache of models by name with its mover's log.

    A model is one denoiser of its name; `parts` are what else it consists of, by name and size, and
    shared by name.
    """

    def __init__(
        self,
        ram: TierCapacity,
        limits: DeviceLimits = DeviceLimits(),  # noqa: B008
        capacity: int | None = None,
    ) -> None:
        self.mover = LoggingMover(capacity)
        self.ledger: DeviceLedger[FakeComponent] = DeviceLedger(self.mover, limits)
        self.cache: TieredModelCache[str, FakeComponent] = TieredModelCache(self.ledger, ram)

    def intern(self, kind: ComponentKind, name: str, size: int) -> LedgerEntry[FakeComponent]:
        component = FakeComponent(name, size)
        return self.ledger.intern(component, kind, lambda one, other: one.name == other.name)

    @contextmanager
    def in_ram(self, name: str, size: int = 1, **parts: int) -> Iterator[Model]:
        def load() -> tuple[str, list[LedgerEntry[FakeComponent]]]:
            self.mover.log.append(f"load {name}")
            entries = [self.intern("denoiser", name, size)]
            return name, entries + [self.intern("vae", *part) for part in parts.items()]

        with self.cache.acquire(name, size + sum(parts.values()), load) as model:
            yield model

    @contextmanager
    def acquire(self, name: str, size: int = 1, **parts: int) -> Iterator[Model]:
        with self.in_ram(name, size, **parts) as model, self.ledger.pinned(model.entries):
            yield model

    def use(self, name: str, size: int = 1, **parts: int) -> None:
        with self.acquire(name, size, **parts) as model:
            assert all(entry.component.is_on_device for entry in model.entries)

    def take_log(self) -> list[str]:
        log, self.mover.log = self.mover.log, []
        return log

    @property
    def stats(self) -> TieredCacheStats:
        return self.cache.status()

    @property
    def residents(self) -> tuple[CacheEntryInfo, ...]:
        return self.stats.residents

    @property
    def tiers(self) -> dict[str, str]:
        return {entry.key: entry.tier for entry in self.residents}


def one_model(count: int = 1) -> DeviceLimits:
    return DeviceLimits(counts={"denoiser": count})
