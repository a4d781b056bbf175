"""The residency policy, with a placement that only keeps a log: no model is ever loaded."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.engine.memory.tiered_cache import (
    DeviceFull,
    TierCapacity,
    TieredModelCache,
    lower_least_recent,
)
from studio.errors import InsufficientMemoryError


@dataclass
class Paper:
    """A model made of nothing."""

    name: str
    size: int
    on_device: bool = False


@dataclass
class Log:
    """A placement that moves nothing and remembers everything."""

    moves: list[str] = field(default_factory=list)
    full: int = 0
    """How many of the next uploads find no memory."""

    def size_bytes(self, model: Paper) -> int:
        return model.size

    def to_device(self, model: Paper) -> Callable[[], None]:
        assert not model.on_device
        if self.full > 0:
            self.full -= 1
            self.moves.append(f"no room for {model.name}")
            raise DeviceFull
        model.on_device = True
        self.moves.append(f"up {model.name}")

        def down() -> None:
            assert model.on_device
            model.on_device = False
            self.moves.append(f"down {model.name}")

        return down

    def release_host_memory(self) -> None:
        self.moves.append("dropped")


class Shelf:
    """A residency of paper models with its log."""

    def __init__(self, device: TierCapacity, ram: TierCapacity) -> None:
        self.log = Log()
        self.residency: TieredModelCache[Paper] = TieredModelCache(self.log, device, ram)

    @contextmanager
    def using(self, name: str, size: int = 1) -> Iterator[Paper]:
        def load() -> Paper:
            self.log.moves.append(f"load {name}")
            return Paper(name, size)

        with self.residency.acquire(name, size, load) as model:
            yield model

    def use(self, name: str, size: int = 1) -> None:
        with self.using(name, size) as model:
            assert model.on_device

    def taken(self) -> list[str]:
        moves, self.log.moves = self.log.moves, []
        return moves


def test_what_leaves_leaves_before_the_next_one_comes() -> None:
    shelf = Shelf(device=TierCapacity(1), ram=TierCapacity(2))
    for name in "ab":
        shelf.use(name)
    assert shelf.taken() == ["load a", "up a", "load b", "down a", "up b"]
    shelf.use("c")
    assert shelf.taken() == ["dropped", "load c", "down b", "up c"]


def test_the_way_back_to_the_device_loads_nothing() -> None:
    shelf = Shelf(device=TierCapacity(1), ram=TierCapacity(3))
    for name in "aba":
        shelf.use(name)
    assert shelf.taken().count("load a") == 1
    status = shelf.residency.status()
    assert (status.device_hits, status.ram_hits, status.misses) == (0, 1, 2)


def test_the_least_recently_used_leaves_first() -> None:
    shelf = Shelf(device=TierCapacity(2), ram=TierCapacity(2))
    for name in "abac":
        shelf.use(name)
    assert [each.key for each in shelf.residency.status().residents] == ["a", "c"]


def test_bytes_limit_as_well_as_counts() -> None:
    shelf = Shelf(device=TierCapacity(9, bytes=10), ram=TierCapacity(9, bytes=20))
    for name in "abc":
        shelf.use(name, 6)
    status = shelf.residency.status()
    assert [(each.key, each.tier) for each in status.residents] == [
        ("a", "ram"), ("b", "ram"), ("c", "device"),
    ]  # fmt: skip
    assert (status.bytes("device"), status.bytes("ram")) == (6, 18)


def test_what_is_in_use_stays_and_the_one_that_cannot_fit_says_so() -> None:
    shelf = Shelf(device=TierCapacity(1), ram=TierCapacity(2))
    with shelf.using("a"), pytest.raises(InsufficientMemoryError, match="model b .* 1 model"):
        shelf.use("b")
    with shelf.using("a") as still:
        assert still.on_device


def test_a_model_larger_than_the_tier_is_refused_before_it_is_loaded() -> None:
    shelf = Shelf(device=TierCapacity(2, bytes=10), ram=TierCapacity(2, bytes=10))
    with pytest.raises(InsufficientMemoryError, match="raise the limit"):
        shelf.use("a", 11)
    assert shelf.taken() == []


def test_a_failed_load_leaves_everything_as_it_was() -> None:
    shelf = Shelf(device=TierCapacity(2), ram=TierCapacity(2))
    shelf.use("a")

    def broken() -> Paper:
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"), shelf.residency.acquire("b", 1, broken):
        pass
    assert [each.key for each in shelf.residency.status().residents] == ["a"]
    shelf.use("b")


def test_evicting_all_spares_what_is_in_use() -> None:
    shelf = Shelf(device=TierCapacity(3), ram=TierCapacity(3))
    shelf.use("a")
    with shelf.using("b"):
        shelf.residency.evict()
        assert [each.key for each in shelf.residency.status().residents] == ["b"]
    shelf.residency.evict("b")
    assert shelf.residency.status().residents == ()


# Issue 18, 3.
def test_where_the_device_is_full_the_least_recently_used_leaves_and_it_is_tried_again() -> None:
    shelf = Shelf(device=TierCapacity(9), ram=TierCapacity(9))
    for name in "abca":
        shelf.use(name)
    shelf.taken()
    shelf.log.full = 2
    with shelf.using("d") as model:
        assert model.on_device
        assert shelf.taken() == [
            "load d", "no room for d", "down b", "no room for d", "down c", "up d",
        ]  # fmt: skip
    residents = shelf.residency.status().residents
    assert {each.key for each in residents if each.tier == "ram"} == {"b", "c"}


# Issue 18, 3.
def test_an_upload_that_finds_no_room_beside_what_is_in_use_says_so_and_leaves_nothing() -> None:
    shelf = Shelf(device=TierCapacity(9), ram=TierCapacity(9))
    with shelf.using("a") as used:
        shelf.log.full = 9
        with pytest.raises(
            InsufficientMemoryError, match="model b needs .* no memory left beside what is in use"
        ):
            shelf.use("b")
        assert used.on_device
    shelf.log.full = 0
    assert [(each.key, each.tier, each.pinned) for each in shelf.residency.status().residents] == [
        ("a", "device", False), ("b", "ram", False),
    ]  # fmt: skip
    shelf.use("b")
    assert shelf.taken().count("load b") == 1


# Issue 18, 3.
def test_residencies_of_one_device_make_room_for_each_other_by_age() -> None:
    log, uses = Log(), count()
    everyone: list[TieredModelCache[Paper]] = []
    bases, nets = (
        TieredModelCache[Paper](
            log, TierCapacity(9), TierCapacity(9), uses, lambda: lower_least_recent(everyone)
        )
        for _ in range(2)
    )
    everyone += [bases, nets]
    for residency, name in ((bases, "base"), (nets, "net"), (bases, "other base")):
        with residency.acquire(name, 1, lambda name=name: Paper(name, 1)):  # type: ignore[misc]
            pass
    log.full = 2
    with nets.acquire("other net", 1, lambda: Paper("other net", 1)):
        pass
    assert log.moves[-4:] == ["down base", "no room for other net", "down net", "up other net"]


# Issue 18, 3.
def test_a_model_whose_way_down_breaks_off_is_forgotten() -> None:
    shelf = Shelf(device=TierCapacity(1), ram=TierCapacity(2))
    with shelf.using("a") as model:
        model.on_device = False
    with pytest.raises(AssertionError):
        shelf.use("b")
    assert "a" not in [each.key for each in shelf.residency.status().residents]
    shelf.use("a")


class Traffic(RuleBasedStateMachine):
    """Jobs come and go in any order; the limits hold at every moment."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf(device=TierCapacity(2, bytes=12), ram=TierCapacity(3, bytes=20))
        self.open: list[tuple[str, ExitStack]] = []

    @rule(name=st.sampled_from("abcdef"), full=st.sampled_from([0, 0, 0, 1, 2, 9]))
    def begin(self, name: str, full: int) -> None:
        block = ExitStack()
        self.shelf.log.full = full
        try:
            model = block.enter_context(self.shelf.using(name, 1 + ord(name) % 9))
        except InsufficientMemoryError:
            assert self.open or full
        else:
            assert model.on_device
            self.open.append((name, block))
        self.shelf.log.full = 0

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        _, block = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        block.close()

    @rule()
    def tidy(self) -> None:
        self.shelf.residency.evict()

    @invariant()
    def within_limits(self) -> None:
        status = self.shelf.residency.status()
        on_device = [each for each in status.residents if each.tier == "device"]
        assert len(on_device) <= 2
        assert len(status.residents) <= 3
        assert status.bytes("device") <= 12
        assert status.bytes("ram") <= 20

    @invariant()
    def what_is_in_use_is_on_the_device(self) -> None:
        pinned = {each.key for each in self.shelf.residency.status().residents if each.pinned}
        assert pinned == {name for name, _ in self.open}
        here = {e.key for e in self.shelf.residency.status().residents if e.tier == "device"}
        assert pinned <= here

    def teardown(self) -> None:
        for _, block in self.open:
            block.close()


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
