"""Issue 20, 3: what the ledger brings to the device ahead of its job, beside the one that is drawn."""

from studio.engine.memory.eviction import DeviceLimits
from studio.engine.memory.tiered_cache import TierCapacity
from tests.unit.engine.cache_harness import CacheHarness, one_model


def ahead(harness: CacheHarness, name: str, size: int = 1, reserve: int = 0, **parts: int) -> bool:
    with harness.in_ram(name, size, **parts) as model:
        return harness.ledger.upload_ahead(model.entries, (), reserve)


def test_what_fits_goes_up_and_its_job_moves_nothing() -> None:
    harness = CacheHarness(TierCapacity(9), capacity=10)
    with harness.acquire("drawn", 4):
        assert ahead(harness, "next", 4, sharp=1, reserve=1)
        assert harness.take_log()[2:] == ["load next", "transfer next", "transfer sharp"]
    harness.use("next", 4, sharp=1)
    assert harness.take_log() == []
    assert ahead(harness, "next", 4, sharp=1, reserve=99)  # It is there already.


def test_the_reserve_and_what_is_in_use_stay() -> None:
    harness = CacheHarness(TierCapacity(9), capacity=10)
    harness.use("idle", 3)
    with harness.acquire("drawn", 4):
        harness.take_log()
        assert not ahead(harness, "next", 4, reserve=3)
        assert harness.take_log() == ["load next"]
        assert ahead(harness, "next", 4, reserve=2)
        assert harness.take_log() == ["offload idle", "transfer next"]


def test_spared_components_make_no_room_although_nobody_pins_them() -> None:
    harness = CacheHarness(TierCapacity(9), capacity=10)
    harness.use("drawn", 6)
    with harness.in_ram("drawn", 6) as drawn, harness.in_ram("next", 6) as model:
        harness.take_log()
        assert not harness.ledger.upload_ahead(model.entries, drawn.entries, 0)
        assert harness.take_log() == []
        assert harness.ledger.upload_ahead(model.entries, (), 0)
        assert harness.take_log() == ["offload drawn", "transfer next"]


def test_the_operators_limits_hold_ahead_as_well() -> None:
    for limits in (one_model(), DeviceLimits(bytes=3)):
        harness = CacheHarness(TierCapacity(9), limits)
        with harness.acquire("drawn", 2):
            assert not ahead(harness, "next", 2)
        assert harness.tiers == {"drawn": "device", "next": "ram"}


def test_a_device_that_is_full_all_the_same_is_no_error() -> None:
    harness = CacheHarness(TierCapacity(9))
    with harness.acquire("drawn"):
        allocations = harness.ledger.allocations
        harness.mover.failures = 1
        assert not ahead(harness, "next")
        assert harness.ledger.allocations == allocations
        assert ahead(harness, "next")
        assert harness.ledger.allocations == allocations + 1
