"""The tiered model cache with a mover that only keeps a log: no model is ever loaded."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.engine.memory.tiered_cache import (
    CacheEntryInfo,
    DeviceFull,
    TierCapacity,
    TieredCacheStats,
    TieredModelCache,
    offload_least_recently_used,
)
from studio.errors import InsufficientMemoryError


@dataclass
class FakeModel:
    """A model without weights."""

    name: str
    size: int
    is_on_device: bool = False


@dataclass
class LoggingMover:
    """A mover that moves nothing and logs every call."""

    log: list[str] = field(default_factory=list)
    failures: int = 0
    """How many of the next transfers find the device full."""

    def size_bytes(self, model: FakeModel) -> int:
        return model.size

    def to_device(self, model: FakeModel) -> Callable[[], None]:
        assert not model.is_on_device
        if self.failures > 0:
            self.failures -= 1
            self.log.append(f"full for {model.name}")
            raise DeviceFull
        model.is_on_device = True
        self.log.append(f"transfer {model.name}")

        def offload() -> None:
            assert model.is_on_device
            model.is_on_device = False
            self.log.append(f"offload {model.name}")

        return offload

    def release_host_memory(self) -> None:
        self.log.append("released")


class CacheHarness:
    """A cache of fake models with its mover's log."""

    def __init__(self, device: TierCapacity, ram: TierCapacity) -> None:
        self.mover = LoggingMover()
        self.cache: TieredModelCache[FakeModel] = TieredModelCache(self.mover, device, ram)

    @contextmanager
    def acquire(self, name: str, size: int = 1) -> Iterator[FakeModel]:
        def load() -> FakeModel:
            self.mover.log.append(f"load {name}")
            return FakeModel(name, size)

        with self.cache.acquire(name, size, load) as model:
            yield model

    def use(self, name: str, size: int = 1) -> None:
        with self.acquire(name, size) as model:
            assert model.is_on_device

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
    def cached_keys(self) -> list[str]:
        return [entry.key for entry in self.residents]


def test_eviction_comes_before_loading() -> None:
    harness = CacheHarness(device=TierCapacity(1), ram=TierCapacity(2))
    for name in "ab":
        harness.use(name)
    assert harness.take_log() == ["load a", "transfer a", "load b", "offload a", "transfer b"]
    harness.use("c")
    assert harness.take_log() == ["released", "load c", "offload b", "transfer c"]


def test_offloaded_model_returns_to_the_device_without_loading() -> None:
    harness = CacheHarness(device=TierCapacity(1), ram=TierCapacity(3))
    for name in "aba":
        harness.use(name)
    assert harness.take_log().count("load a") == 1
    stats = harness.stats
    assert (stats.device_hits, stats.ram_hits, stats.misses) == (0, 1, 2)


def test_least_recently_used_is_evicted_first() -> None:
    harness = CacheHarness(device=TierCapacity(2), ram=TierCapacity(2))
    for name in "abac":
        harness.use(name)
    assert harness.cached_keys == ["a", "c"]


def test_bytes_limit_as_well_as_counts() -> None:
    harness = CacheHarness(device=TierCapacity(9, bytes=10), ram=TierCapacity(9, bytes=20))
    for name in "abc":
        harness.use(name, 6)
    tiers = {entry.key: entry.tier for entry in harness.residents}
    assert tiers == {"a": "ram", "b": "ram", "c": "device"}
    assert harness.cached_keys == ["a", "b", "c"]
    assert (harness.stats.bytes("device"), harness.stats.bytes("ram")) == (6, 18)


def test_pinned_model_stays_and_one_that_does_not_fit_beside_it_is_refused() -> None:
    harness = CacheHarness(device=TierCapacity(1), ram=TierCapacity(2))
    with harness.acquire("a"), pytest.raises(InsufficientMemoryError, match="Model b .* 1 model"):
        harness.use("b")
    with harness.acquire("a") as model:
        assert model.is_on_device


def test_model_larger_than_the_tier_is_refused_before_loading() -> None:
    harness = CacheHarness(device=TierCapacity(2, bytes=10), ram=TierCapacity(2, bytes=10))
    with pytest.raises(InsufficientMemoryError, match="Raise the limit"):
        harness.use("a", 11)
    assert harness.take_log() == []


def test_failed_load_changes_nothing() -> None:
    harness = CacheHarness(device=TierCapacity(2), ram=TierCapacity(2))
    harness.use("a")

    def broken() -> FakeModel:
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"), harness.cache.acquire("b", 1, broken):
        pass
    assert harness.cached_keys == ["a"]
    harness.use("b")


def test_evicting_all_spares_pinned_models() -> None:
    harness = CacheHarness(device=TierCapacity(3), ram=TierCapacity(3))
    harness.use("a")
    with harness.acquire("b"):
        harness.cache.evict()
        assert harness.cached_keys == ["b"]
    harness.cache.evict("b")
    assert harness.residents == ()


# Issue 18, 3.
def test_full_device_offloads_least_recently_used_and_retries() -> None:
    harness = CacheHarness(device=TierCapacity(9), ram=TierCapacity(9))
    for name in "abca":
        harness.use(name)
    harness.take_log()
    harness.mover.failures = 2
    with harness.acquire("d") as model:
        assert model.is_on_device
        assert harness.take_log() == [
            "load d",
            "full for d",
            "offload b",
            "full for d",
            "offload c",
            "transfer d",
        ]
    assert {entry.key for entry in harness.residents if entry.tier == "ram"} == {"b", "c"}


# Issue 18, 3.
def test_full_device_with_only_pinned_models_is_an_error_that_changes_nothing() -> None:
    harness = CacheHarness(device=TierCapacity(9), ram=TierCapacity(9))
    with harness.acquire("a") as pinned:
        harness.mover.failures = 9
        with pytest.raises(
            InsufficientMemoryError, match="model b needs .* beside the models in use"
        ):
            harness.use("b")
        assert pinned.is_on_device
    harness.mover.failures = 0
    assert [(entry.key, entry.tier, entry.pinned) for entry in harness.residents] == [
        ("a", "device", False),
        ("b", "ram", False),
    ]
    harness.use("b")
    assert harness.take_log().count("load b") == 1


# Issue 18, 3.
def test_caches_of_one_device_make_room_for_one_another_by_last_use() -> None:
    mover, use_counter = LoggingMover(), count()
    caches: list[TieredModelCache[FakeModel]] = []
    base_models, controlnets = (
        TieredModelCache[FakeModel](
            mover,
            TierCapacity(9),
            TierCapacity(9),
            use_counter,
            lambda: offload_least_recently_used(caches),
        )
        for _ in range(2)
    )
    caches += [base_models, controlnets]
    for cache, name in ((base_models, "base"), (controlnets, "net"), (base_models, "base 2")):
        with cache.acquire(name, 1, lambda name=name: FakeModel(name, 1)):  # type: ignore[misc]
            pass
    mover.failures = 2
    with controlnets.acquire("net 2", 1, lambda: FakeModel("net 2", 1)):
        pass
    assert mover.log[-4:] == ["offload base", "full for net 2", "offload net", "transfer net 2"]


# Issue 18, 3.
def test_model_whose_offloading_fails_is_dropped() -> None:
    harness = CacheHarness(device=TierCapacity(1), ram=TierCapacity(2))
    with harness.acquire("a") as model:
        model.is_on_device = False  # Makes the mover's assertion fail.
    with pytest.raises(AssertionError):
        harness.use("b")
    assert "a" not in harness.cached_keys
    harness.use("a")


class CacheStateMachine(RuleBasedStateMachine):
    """Models are acquired and released in any order; the limits hold at all times."""

    def __init__(self) -> None:
        super().__init__()
        self.harness = CacheHarness(device=TierCapacity(2, bytes=12), ram=TierCapacity(3, bytes=20))
        self.acquired: list[tuple[str, ExitStack]] = []

    @rule(name=st.sampled_from("abcdef"), failures=st.sampled_from([0, 0, 0, 1, 2, 9]))
    def acquire(self, name: str, failures: int) -> None:
        block = ExitStack()
        self.harness.mover.failures = failures
        try:
            model = block.enter_context(self.harness.acquire(name, 1 + ord(name) % 9))
        except InsufficientMemoryError:
            assert self.acquired or failures
        else:
            assert model.is_on_device
            self.acquired.append((name, block))
        self.harness.mover.failures = 0

    @precondition(lambda self: self.acquired)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        _, block = self.acquired.pop(data.draw(st.integers(0, len(self.acquired) - 1)))
        block.close()

    @rule()
    def evict(self) -> None:
        self.harness.cache.evict()

    @invariant()
    def limits_hold(self) -> None:
        stats = self.harness.stats
        on_device = [entry for entry in stats.residents if entry.tier == "device"]
        assert len(on_device) <= 2
        assert len(stats.residents) <= 3
        assert stats.bytes("device") <= 12
        assert stats.bytes("ram") <= 20

    @invariant()
    def acquired_models_are_pinned_on_the_device(self) -> None:
        pinned = {entry.key for entry in self.harness.residents if entry.pinned}
        assert pinned == {name for name, _ in self.acquired}
        on_device = {entry.key for entry in self.harness.residents if entry.tier == "device"}
        assert pinned <= on_device

    def teardown(self) -> None:
        for _, block in self.acquired:
            block.close()


TestCacheStateMachine = CacheStateMachine.TestCase
TestCacheStateMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
