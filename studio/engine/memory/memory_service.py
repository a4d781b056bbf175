"""What the device's memory is shared by: its ledger, its mover, and what earlier jobs have taught."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from studio.engine.memory.activation_reserve import ActivationReserve
from studio.engine.memory.component import Component
from studio.engine.memory.device_ledger import DeviceLedger
from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.job_components import Entry, JobDescription


class MemoryService:
    """The device's ledger, mover and experience: what every `JobMemory` works with.

    `upload_ahead` and `idle` are for another thread than the lane's.
    """

    def __init__(
        self,
        ledger: DeviceLedger[Component],
        mover: DeviceTransfer,
        drop_caches: Callable[[], None],
    ) -> None:
        """`drop_caches` drops the cached values that are on the device."""
        self.ledger, self.mover, self.drop_caches = ledger, mover, drop_caches
        self.reserve = ActivationReserve()
        self.max_batch: dict[tuple[str, int, int], int] = {}
        """By family, width and height, after a larger batch ran out of memory."""
        self.steps: Counter[str] = Counter()
        """How often each step of the ladder was taken."""
        self.lora_lock = threading.Lock()
        """Held while adapters are attached, enabled or disabled; before the ledger's, where both are."""
        self.running: JobDescription | None = None
        """The job that is rendered now."""

    def upload_ahead(self, entries: Sequence[Entry]) -> bool:
        """Brings components of the next job to the device, if they fit beside the running job and its
        activations; whether they are there. Nothing moves while LoRAs are attached or switched."""
        if self.mover.device_is_ram:
            return True
        if not self.lora_lock.acquire(blocking=False):  # The caller may have the ledger's lock.
            return False
        try:
            running = self.running
            spared = () if running is None else running.components.all
            reserve = 0 if running is None else self.reserve.estimate(running.activations)
            return self.ledger.upload_ahead(entries, spared, reserve)
        finally:
            self.lora_lock.release()

    @contextmanager
    def idle(self, entries: Sequence[Entry]) -> Iterator[bool]:
        """Whether the components are on the device, in nobody's use and without LoRAs. If so they stay
        as they are for the block: the lane waits where it wants to move, use or adapt any."""
        if not self.lora_lock.acquire(blocking=False):
            yield False
            return
        try:
            with self.ledger.lock:
                self.ledger.allocations += 1
                yield all(map(self._is_idle, entries))
        finally:
            self.lora_lock.release()

    def _is_idle(self, entry: Entry) -> bool:
        is_there = self.mover.device_is_ram or entry.is_on_device
        return is_there and not entry.pins and not entry.component.has_active_loras
