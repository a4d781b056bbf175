"""The model cache in any order of acquisitions and releases (a hypothesis state machine)."""

from contextlib import ExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.engine.memory.component_mover import DeviceFullError
from studio.engine.memory.device_ledger import LimitExceededError
from studio.engine.memory.eviction import DeviceLimits
from studio.engine.memory.tiered_cache import TierCapacity
from studio.errors import InsufficientMemoryError
from tests.unit.engine.cache_harness import CacheHarness


class CacheStateMachine(RuleBasedStateMachine):
    """Models with shared parts are acquired and released in any order; the limits always hold."""

    def __init__(self) -> None:
        super().__init__()
        limits = DeviceLimits(14, {"denoiser": 2})
        self.harness = CacheHarness(TierCapacity(3, bytes=24), limits, capacity=16)
        self.acquired: list[tuple[str, ExitStack]] = []

    @rule(
        name=st.sampled_from("abcdef"),
        failures=st.sampled_from([0, 0, 0, 1, 2, 9]),
        reserve=st.sampled_from([0, 0, 3]),
    )
    def acquire(self, name: str, failures: int, reserve: int) -> None:
        block, number = ExitStack(), ord(name)
        try:
            parts = {f"vae {number % 2}": 2}
            model = block.enter_context(self.harness.in_ram(name, 1 + number % 9, **parts))
            self.harness.mover.failures = failures
            block.enter_context(self.harness.ledger.pinned(model.entries, reserve))
        except InsufficientMemoryError:
            assert self.acquired
        except (DeviceFullError, LimitExceededError):
            assert self.acquired or failures
            block.close()
        else:
            assert all(entry.component.is_on_device for entry in model.entries)
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
        assert stats.bytes("device") == self.harness.mover.on_device <= 14
        assert stats.bytes("ram") <= 24

    @invariant()
    def ledger_knows_what_the_models_hold_and_nothing_else(self) -> None:
        entries = self.harness.ledger.entries
        assert len({entry.component.name for entry in entries}) == len(entries)
        assert sum(entry.size for entry in entries) == self.harness.stats.bytes("ram")
        assert all(entry.owners > 0 for entry in entries)
        for entry in entries:
            assert entry.is_on_device == entry.component.is_on_device

    @invariant()
    def acquired_models_are_pinned_on_the_device(self) -> None:
        pinned = {entry.key for entry in self.harness.residents if entry.pinned}
        assert pinned == {name for name, _ in self.acquired}
        on_device = {name for name, tier in self.harness.tiers.items() if tier == "device"}
        assert pinned <= on_device

    def teardown(self) -> None:
        for _, block in self.acquired:
            block.close()


TestCacheStateMachine = CacheStateMachine.TestCase
TestCacheStateMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
