"""A graphics card of so many bytes that is none: its memory is counted, and runs out."""

import weakref
from collections.abc import Callable

import numpy as np
import torch

from studio.engine.memory.device_transfer import DeviceTransfer, HasModules


class Memory:
    """Bytes that are held, counted by whether the arrays live."""

    def __init__(self) -> None:
        self.held = 0

    def copy(self, tensor: torch.Tensor) -> torch.Tensor:
        array = tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().copy()
        self.held += array.nbytes
        weakref.finalize(array, self._freed, array.nbytes)
        return torch.from_numpy(array).view(tensor.dtype).view(tensor.shape)

    def _freed(self, count: int) -> None:
        self.held -= count


class SimulatedCard(DeviceTransfer):
    """Moves weights as on CUDA, with copies in place of pinned pages and of the card's memory.

    `fails` is asked before each weight goes up, and given how many did so far.
    """

    def __init__(self, capacity: int | None = None) -> None:
        super().__init__(torch.device("cuda"))
        self.capacity = capacity
        self.card, self.pages = Memory(), Memory()
        self.fails: Callable[[int], BaseException | None] = lambda sent: None
        self.sent = self.uploads = 0

    def to_device(self, model: HasModules) -> Callable[[], None]:
        self.uploads += 1
        return super().to_device(model)

    def release_host_memory(self) -> None:
        """Nothing to hand back; looking for garbage each time would take most of a test's time."""

    def host_copy(self, weight: torch.Tensor) -> torch.Tensor:
        return self.pages.copy(weight)

    def device_copy(self, host: torch.Tensor) -> torch.Tensor:
        error = self.fails(self.sent)
        self.sent += 1
        if error is not None:
            raise error
        if self.capacity is not None and self.card.held + host.nbytes > self.capacity:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate a lot.")
        return self.card.copy(host)


def out_of_memory() -> torch.OutOfMemoryError:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def values(tensor: torch.Tensor) -> set[float]:
    """The different numbers in a tensor."""
    return set(np.unique(tensor.detach().numpy()).tolist())
