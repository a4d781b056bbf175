"""The byte ledger of one device: every component of every model, where it is, and who makes room."""

import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from studio.engine.memory.component_mover import ComponentMover, DeviceFullError
from studio.engine.memory.eviction import (
    ComponentKind,
    DeviceLimits,
    EvictionPlan,
    Resident,
    plan_evictions,
)

ComponentT = TypeVar("ComponentT")


class LimitExceededError(Exception):
    """The limits that the operator set leave no room for a job's components."""


@dataclass(eq=False)
class LedgerEntry(Generic[ComponentT]):
    """One component, held once however many models share it."""

    component: ComponentT
    kind: ComponentKind
    size: int
    """Bytes."""

    offload: Callable[[], None] | None = None
    """Takes the component off the device; None while it is in RAM only."""

    pins: int = 0
    owners: int = 0
    """Models in RAM that it is part of; without one it is forgotten."""

    last_used: int = 0
    in_turn: bool = False
    """While set it is no resident: hooks upload it, or its blocks, for each call."""

    @property
    def is_on_device(self) -> bool:
        return self.offload is not None


class DeviceLedger(Generic[ComponentT]):
    """What is on the device, by components. Eviction comes *before* uploading.

    Thread-safe, but one lane alone may pin: another thread may only load into RAM, and bring ahead
    what fits beside what the lane uses.
    """

    def __init__(self, mover: ComponentMover[ComponentT], limits: DeviceLimits) -> None:
        self.mover, self.limits = mover, limits
        self.lock = threading.RLock()
        """Guards all entries; the caches of models in RAM share it."""
        self._entries: list[LedgerEntry[ComponentT]] = []
        self._uses = count()
        self.allocations = 0
        """Counts uploads, and other work beside a render: activations that are measured meanwhile are not
        the render's alone."""

    @property
    def entries(self) -> tuple[LedgerEntry[ComponentT], ...]:
        """Every component in RAM or on the device."""
        with self.lock:
            return tuple(self._entries)

    def intern(
        self,
        component: ComponentT,
        kind: ComponentKind,
        equals: Callable[[ComponentT, ComponentT], bool],
    ) -> LedgerEntry[ComponentT]:
        """The entry of an equal component of this kind that is held already, else a new one.

        `equals` is called with the one that is held and the new one. The caller owns the entry
        from then on and returns it by `release`.
        """
        with self.lock:
            for entry in self._entries:
                if entry.kind == kind and equals(entry.component, component):
                    break
            else:
                entry = LedgerEntry(component, kind, self.mover.size_bytes(component))
                self._entries.append(entry)
            entry.owners += 1
            return entry

    def release(self, entry: LedgerEntry[ComponentT]) -> None:
        """One owner less; without owners it leaves the device and is forgotten."""
        with self.lock:
            entry.owners -= 1
            if not entry.owners:
                self._entries.remove(entry)
                self._offload(entry)

    def resize(self, entry: LedgerEntry[ComponentT]) -> None:
        """Counts a component's bytes anew, after adapters were attached or removed."""
        with self.lock:
            entry.size = self.mover.size_bytes(entry.component)

    @contextmanager
    def pinned(
        self, entries: Sequence[LedgerEntry[ComponentT]], reserve_bytes: int = 0
    ) -> Iterator[None]:
        """All the entries on the device and pinned there for the block, but for those in turn.

        What is not needed leaves first, until they and `reserve_bytes` for activations fit.

        Raises DeviceFullError when they do not fit with everything unpinned evicted, LimitExceededError when
        the limits forbid it. Entries that were uploaded by then stay, unpinned.
        """
        with self.lock:
            for entry in entries:
                entry.pins += 1
                entry.last_used = next(self._uses)
        try:
            with self.lock:
                missing = [e for e in entries if not e.is_on_device and not e.in_turn]
                self._upload(list(dict.fromkeys(missing)), reserve_bytes)
            yield
        finally:
            with self.lock:
                for entry in entries:
                    entry.pins -= 1

    def upload_ahead(
        self,
        entries: Sequence[LedgerEntry[ComponentT]],
        spared: Container[object],
        reserve_bytes: int,
    ) -> bool:
        """Brings the entries to the device while the lane works on, if all of them fit.

        Only what is neither pinned nor among the `spared` entries makes room, and `reserve_bytes`
        stay free. False, and nothing has moved, where that does not do; entries that were uploaded
        before the device was full all the same stay.
        """
        with self.lock:
            missing = [e for e in dict.fromkeys(entries) if not e.is_on_device and not e.in_turn]
            if not missing:
                return True
            plan = self._plan(missing, reserve_bytes, spared)
            if plan.exceeds_limits or plan.missing_bytes or plan.lacks_reserve:
                return False
            self._evict_planned(plan)
            for entry in missing:
                try:
                    entry.offload = self.mover.to_device_on_side_stream(entry.component)
                except DeviceFullError:
                    return False
                entry.last_used = next(self._uses)
                self.allocations += 1
            return True

    def set_in_turn(self, entry: LedgerEntry[ComponentT], in_turn: bool) -> None:
        """Takes an entry, pinned or not, off the device and keeps it off until it is reset."""
        with self.lock:
            entry.in_turn = in_turn
            self._offload(entry)

    def evictable(self, spared: Container[object] = ()) -> list[LedgerEntry[ComponentT]]:
        """What is on the device, not pinned and not among the `spared` entries, in order of use."""
        with self.lock:
            unpinned = [entry for entry in self._entries if entry.is_on_device and not entry.pins]
            return sorted(
                (entry for entry in unpinned if entry not in spared),
                key=lambda entry: entry.last_used,
            )

    def evict(self, entries: Sequence[LedgerEntry[ComponentT]]) -> None:
        """Takes unpinned entries off the device; in RAM they stay."""
        with self.lock:
            for entry in entries:
                if not entry.pins:
                    self._offload(entry)

    def _upload(self, missing: Sequence[LedgerEntry[ComponentT]], reserve_bytes: int) -> None:
        plan = self._plan(missing, reserve_bytes)
        if plan.exceeds_limits:
            raise LimitExceededError
        self._evict_planned(plan)
        if plan.missing_bytes:
            raise DeviceFullError
        for entry in missing:
            self._upload_one(entry)

    def _evict_planned(self, plan: EvictionPlan) -> None:
        self.evict([entry for entry in self._entries if id(entry) in plan.victims])

    def _plan(
        self,
        missing: Sequence[LedgerEntry[ComponentT]],
        reserve_bytes: int,
        spared: Container[object] = (),
    ) -> EvictionPlan:
        """Spared entries stay as if they were pinned."""
        residents = [entry for entry in self._entries if entry.is_on_device]
        on_device = [_resident(entry, entry in spared) for entry in residents]
        incoming = [_resident(entry) for entry in missing]
        return plan_evictions(
            on_device, incoming, self.limits, self.mover.free_bytes(), reserve_bytes
        )

    def _upload_one(self, entry: LedgerEntry[ComponentT]) -> None:
        """Uploads one entry, evicting others one by one while the device is full all the same."""
        while True:
            try:
                entry.offload = self.mover.to_device(entry.component)
            except DeviceFullError as error:
                device_full = error
            else:
                self.allocations += 1
                return
            # Outside of `except`: only here is the memory of the failed attempt free again.
            victims = self.evictable()
            if not victims:
                raise device_full
            self._offload(victims[0])

    def _offload(self, entry: LedgerEntry[ComponentT]) -> None:
        offload, entry.offload = entry.offload, None
        if offload is not None:
            offload()


def _resident(entry: LedgerEntry[ComponentT], is_spared: bool = False) -> Resident:
    pinned = is_spared or entry.pins > 0
    return Resident(id(entry), entry.kind, entry.size, entry.last_used, pinned)
