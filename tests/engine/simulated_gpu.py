"""A simulated graphics card: its memory is counted and can run out."""

import weakref
from collections.abc import Callable

import numpy as np
import torch

from studio.engine.memory.device_transfer import DeviceTransfer


class Memory:
    """Counts the bytes of the arrays that are alive in it."""

    def __init__(self) -> None:
        self.allocated = 0

    def copy(self, tensor: torch.Tensor) -> torch.Tensor:
        """A copy in this memory, of the same shape (any) and type."""
        array = tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().copy()
        self.allocated += array.nbytes
        weakref.finalize(array, self._free, array.nbytes)
        return torch.from_numpy(array).view(tensor.dtype).view(tensor.shape)

    def _free(self, size: int) -> None:
        self.allocated -= size


class SimulatedGpu(DeviceTransfer):
    """Moves weights as on CUDA, with plain copies for pinned and for device memory.

    `fail_on` is called before each transfer of a weight with the number of transfers so far; the
    error it returns is raised.
    """

    def __init__(self, capacity: int | None = None) -> None:
        """`capacity` is the device memory in bytes; None: unlimited."""
        super().__init__(torch.device("cuda"))
        self.capacity = capacity
        self.device_memory, self.pinned_memory = Memory(), Memory()
        self.fail_on: Callable[[int], BaseException | None] = lambda transfers: None
        self.transfers = 0

    def release_host_memory(self) -> None:
        """Does nothing: collecting garbage each time would take most of a test's time."""

    def host_copy(self, weight: torch.Tensor) -> torch.Tensor:
        """Any shape."""
        return self.pinned_memory.copy(weight)

    def device_copy(self, host_copy: torch.Tensor) -> torch.Tensor:
        """Any shape."""
        error = self.fail_on(self.transfers)
        self.transfers += 1
        if error is not None:
            raise error
        required = self.device_memory.allocated + host_copy.nbytes
        if self.capacity is not None and required > self.capacity:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate a lot.")
        return self.device_memory.copy(host_copy)


def out_of_memory() -> torch.OutOfMemoryError:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def distinct_values(tensor: torch.Tensor) -> set[float]:
    """The distinct numbers in a tensor of any shape."""
    return set(np.unique(tensor.detach().numpy()).tolist())
