"""The model cache and the device ledger: what is evicted, refused and shared, in which order."""

import threading

import pytest

from studio.engine.memory.component_mover import DeviceFullError
from studio.engine.memory.device_ledger import LedgerEntry, LimitExceededError
from studio.engine.memory.eviction import DeviceLimits
from studio.engine.memory.tiered_cache import TierCapacity
from studio.errors import InsufficientMemoryError
from tests.unit.engine.cache_harness import CacheHarness, FakeComponent, one_model


def test_eviction_comes_before_loading() -> None:
    harness = CacheHarness(TierCapacity(2), one_model())
    for name in "ab":
        harness.use(name)
    assert harness.take_log() == ["load a", "transfer a", "load b", "offload a", "transfer b"]
    harness.use("c")
    assert harness.take_log() == ["released", "load c", "offload b", "transfer c"]


def test_offloaded_model_returns_to_the_device_without_loading() -> None:
    harness = CacheHarness(TierCapacity(3), one_model())
    for name in "aba":
        harness.use(name)
    assert harness.take_log().count("load a") == 1
    stats = harness.stats
    assert (stats.device_hits, stats.ram_hits, stats.misses) == (0, 1, 2)


def test_least_recently_used_is_evicted_first() -> None:
    harness = CacheHarness(TierCapacity(2))
    for name in "abac":
        harness.use(name)
    assert list(harness.tiers) == ["a", "c"]


def test_bytes_limit_as_well_as_counts() -> None:
    harness = CacheHarness(TierCapacity(9, bytes=20), DeviceLimits(bytes=10))
    for name in "abc":
        harness.use(name, 6)
    assert harness.tiers == {"a": "ram", "b": "ram", "c": "device"}
    assert (harness.stats.bytes("device"), harness.stats.bytes("ram")) == (6, 18)


# Issue 20, 5.
def test_models_share_equal_components_and_bytes_count_once() -> None:
    harness = CacheHarness(TierCapacity(2))
    harness.use("a", 6, sharp=2)
    harness.use("b", 6, sharp=2)
    assert harness.take_log() == [
        "load a", "transfer a", "transfer sharp", "load b", "transfer b"
    ]  # fmt: skip
    assert (harness.stats.bytes("device"), harness.stats.bytes("ram")) == (14, 14)
    assert len(harness.ledger.entries) == 3
    harness.use("c", 1)  # "a" leaves, the part that it shares with "b" stays.
    assert harness.take_log()[:2] == ["offload a", "released"]
    assert [entry.component.name for entry in harness.ledger.entries] == ["sharp", "b", "c"]
    harness.cache.evict()
    assert len(harness.ledger.entries) == 0
    assert harness.mover.on_device == 0


# Issue 20, 5.
def test_everything_a_job_needs_is_planned_before_anything_moves() -> None:
    harness = CacheHarness(TierCapacity(9), capacity=10)
    harness.use("old", 3, old_vae=3)
    harness.take_log()
    harness.use("new", 6, new_vae=2)
    log = harness.take_log()
    assert log[0] == "load new"
    assert set(log[1:3]) == {"offload old", "offload old_vae"}
    assert log[3:] == ["transfer new", "transfer new_vae"]
    with pytest.raises(DeviceFullError):
        harness.use("huge", 8, huge_vae=3)
    assert not any(line.startswith("transfer") for line in harness.take_log())


# Issue 20, 5.
def test_room_is_made_for_activations_as_far_as_there_are_victims() -> None:
    harness = CacheHarness(TierCapacity(9), capacity=10)
    harness.use("old", 3)
    harness.take_log()
    with harness.in_ram("new", 5) as model, harness.ledger.pinned(model.entries, reserve_bytes=4):
        assert harness.take_log() == ["load new", "offload old", "transfer new"]
    with harness.in_ram("old") as model, harness.ledger.pinned(model.entries, reserve_bytes=99):
        assert harness.take_log() == ["offload new", "transfer old"]


def test_pinned_model_stays_and_one_that_does_not_fit_beside_it_is_refused() -> None:
    harness = CacheHarness(TierCapacity(2), one_model())
    with harness.acquire("a"), pytest.raises(LimitExceededError):
        harness.use("b")
    refused = pytest.raises(InsufficientMemoryError, match="Model c .*2 models")
    with harness.acquire("a"), harness.in_ram("b"), refused:
        harness.use("c")
    with harness.acquire("a") as model:
        assert model.entries[0].is_on_device


def test_model_larger_than_the_ram_is_refused_before_loading() -> None:
    harness = CacheHarness(TierCapacity(2, bytes=10))
    with pytest.raises(InsufficientMemoryError, match="Raise the limit"):
        harness.use("a", 11)
    assert harness.take_log() == []


def test_model_larger_than_its_estimate_and_the_ram_leaves_nothing() -> None:
    harness = CacheHarness(TierCapacity(2, bytes=10))

    def load() -> tuple[str, list[LedgerEntry[FakeComponent]]]:
        return "a", [harness.intern("denoiser", "a", 11)]

    with pytest.raises(InsufficientMemoryError), harness.cache.acquire("a", 1, load):
        pass
    assert (harness.residents, harness.ledger.entries) == ((), ())


def test_failed_load_changes_nothing() -> None:
    harness = CacheHarness(TierCapacity(2))
    harness.use("a")

    def broken() -> tuple[str, list[LedgerEntry[FakeComponent]]]:
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"), harness.cache.acquire("b", 1, broken):
        pass
    assert list(harness.tiers) == ["a"]
    harness.use("b")


def test_evicting_all_spares_pinned_models() -> None:
    harness = CacheHarness(TierCapacity(3))
    harness.use("a")
    with harness.acquire("b"):
        harness.cache.evict()
        assert list(harness.tiers) == ["b"]
    harness.cache.evict()
    assert harness.residents == ()


# Issue 18, 3.
def test_full_device_offloads_least_recently_used_and_retries() -> None:
    harness = CacheHarness(TierCapacity(9))
    for name in "abca":
        harness.use(name)
    harness.take_log()
    harness.mover.failures = 2
    with harness.acquire("d"):
        assert harness.take_log() == [
            "load d",
            "full for d",
            "offload b",
            "full for d",
            "offload c",
            "transfer d",
        ]
    assert {name for name, tier in harness.tiers.items() if tier == "ram"} == {"b", "c"}


# Issue 18, 3.
def test_full_device_with_only_pinned_models_is_an_error_that_changes_nothing() -> None:
    harness = CacheHarness(TierCapacity(9))
    with harness.acquire("a") as pinned:
        harness.mover.failures = 9
        with pytest.raises(DeviceFullError):
            harness.use("b")
        assert pinned.entries[0].is_on_device
    harness.mover.failures = 0
    assert [(entry.key, entry.tier, entry.pinned) for entry in harness.residents] == [
        ("a", "device", False),
        ("b", "ram", False),
    ]
    harness.use("b")
    assert harness.take_log().count("load b") == 1


# Issue 20, 5.
def test_component_in_turn_is_no_resident() -> None:
    harness = CacheHarness(TierCapacity(9))
    with harness.acquire("a") as model:
        entry = model.entries[0]
        harness.ledger.set_in_turn(entry, True)
        assert not entry.is_on_device
    with harness.in_ram("a") as model, harness.ledger.pinned(model.entries):
        assert not entry.is_on_device
    harness.ledger.set_in_turn(entry, False)
    harness.use("a")


# Issue 20, 3.
def test_two_threads_load_a_model_once_and_another_meanwhile() -> None:
    harness, started, go_on = CacheHarness(TierCapacity(2)), threading.Event(), threading.Event()
    loads: list[str] = []

    def slow() -> tuple[str, list[LedgerEntry[FakeComponent]]]:
        loads.append("a")
        started.set()
        assert go_on.wait(10)
        return "a", [harness.intern("denoiser", "a", 1)]

    def acquire() -> None:
        with harness.cache.acquire("a", 1, slow):
            pass

    threads = [threading.Thread(target=acquire) for _ in range(2)]
    threads[0].start()
    assert started.wait(10)
    threads[1].start()
    harness.use("b")
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert loads == ["a"]
    assert sorted(harness.tiers) == ["a", "b"]


# Issue 20, 3.
def test_room_that_a_prefetch_takes_up_is_waited_for() -> None:
    harness, started, go_on = CacheHarness(TierCapacity(1)), threading.Event(), threading.Event()

    def slow() -> tuple[str, list[LedgerEntry[FakeComponent]]]:
        started.set()
        assert go_on.wait(10)
        return "a", [harness.intern("denoiser", "a", 1)]

    prefetching = threading.Thread(target=harness.cache.prefetch, args=["a", 1, slow])
    rendering = threading.Thread(target=harness.use, args=["b"])
    prefetching.start()
    assert started.wait(10)
    assert harness.cache.is_loading("a")
    rendering.start()
    go_on.set()
    for thread in (prefetching, rendering):
        thread.join(10)
    assert not harness.cache.is_loading("a")
    assert harness.tiers == {"b": "device"}
    harness.cache.prefetch("b", 1, slow)  # It is there.
    assert (harness.stats.device_hits, harness.stats.misses) == (0, 1)
