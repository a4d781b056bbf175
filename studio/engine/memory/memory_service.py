"""What the device's memory is shared by: its ledger, its mover, and what earlier jobs have taught."""

from collections import Counter
from collections.abc import Callable

from studio.engine.memory.activation_reserve import ActivationReserve
from studio.engine.memory.component import Component
from studio.engine.memory.device_ledger import DeviceLedger
from studio.engine.memory.device_transfer import DeviceTransfer


class MemoryService:
    """The device's ledger, mover and experience: what every `JobMemory` works with."""

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
