"""What the ledger needs of a device: moving a component's weights there and back."""

from collections.abc import Callable
from typing import Protocol, TypeVar

ComponentT_contra = TypeVar("ComponentT_contra", contravariant=True)


class DeviceFullError(Exception):
    """The device has no memory left for a component, which is still in RAM."""


class ComponentMover(Protocol[ComponentT_contra]):
    """Moves a component's weights between RAM and the device. The ledger itself only decides."""

    def size_bytes(self, component: ComponentT_contra) -> int:
        """Bytes of the component's weights; shared storage counts once."""

    def to_device(self, component: ComponentT_contra) -> Callable[[], None]:
        """Moves the component from RAM to the device, all of it or nothing.

        Returns the function that offloads it again; it owns the RAM copy, so it copies nothing.

        Raises DeviceFullError when the device has no memory left.
        """

    def to_device_on_side_stream(self, component: ComponentT_contra) -> Callable[[], None]:
        """As `to_device`, while the device works on: returns when the component has arrived."""

    def free_bytes(self) -> int | None:
        """Bytes that can be allocated on the device; None where that is unknown."""

    def release_host_memory(self) -> None:
        """Returns freed memory to the operating system; called after a component has left RAM."""
