"""A simulated graphics card: its memory is counted and can run out, also of activations."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.host_slab import HostSlab


class Memory:
    """Counts the bytes that are allocated in it, and fails beyond its capacity."""

    def __init__(self, capacity: int | None = None) -> None:
        """`capacity` in bytes; None: unlimited."""
        self.capacity = capacity
        self.allocated = self.peak = 0

    def copy(self, tensor: torch.Tensor) -> torch.Tensor:
        """A copy in this memory, of the same shape (any) and type."""
        array = tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().copy()
        self.allocate(array.nbytes)
        weakref.finalize(array, self.free, array.nbytes)
        return torch.from_numpy(array).view(tensor.dtype).view(tensor.shape)

    def allocate(self, size: int) -> None:
        """Raises OutOfMemoryError as torch does."""
        if self.capacity is not None and self.allocated + size > self.capacity:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {size} bytes.")
        self.allocated += size
        self.peak = max(self.peak, self.allocated)

    def free(self, size: int) -> None:
        self.allocated -= size


class SimulatedGpu(DeviceTransfer):
    """Moves components as on CUDA, with plain copies in its memory.

    `fail_on` is called before each transfer with the number of transfers so far; the error it
    returns is raised. A whole component is one transfer.
    """

    def __init__(self, capacity: int | None = None, fuses_loras: bool = False) -> None:
        """`capacity` is the device memory in bytes; None: unlimited."""
        super().__init__(torch.device("cuda"), fuses_loras, channels_last=False)
        self.device_memory = Memory(capacity)
        self.pinned_slabs: weakref.WeakSet[HostSlab] = weakref.WeakSet()
        self.fail_on: Callable[[int], BaseException | None] = lambda transfers: None
        self.transfers = 0

    @property
    def pinned_bytes(self) -> int:
        return sum(slab.nbytes for slab in self.pinned_slabs)

    @contextmanager
    def activations(self, size: int) -> Iterator[None]:
        """`size` bytes are allocated for the block. Raises OutOfMemoryError."""
        self.device_memory.allocate(size)
        try:
            yield
        finally:
            self.device_memory.free(size)

    def pin(self, slab: HostSlab) -> None:
        self.pinned_slabs.add(slab)

    def device_copy(self, host: torch.Tensor) -> torch.Tensor:
        """Any shape."""
        error = self.fail_on(self.transfers)
        self.transfers += 1
        if error is not None:
            raise error
        return self.device_memory.copy(host)

    def copy_on_side_stream(self, host: torch.Tensor) -> torch.Tensor:
        """Any shape."""
        return self.device_copy(host)

    def free_bytes(self) -> int | None:
        memory = self.device_memory
        return None if memory.capacity is None else memory.capacity - memory.allocated

    def start_measuring(self) -> int:
        self.device_memory.peak = self.device_memory.allocated
        return self.device_memory.allocated

    def peak_bytes(self) -> int:
        return self.device_memory.peak

    def release_device_memory(self) -> None:
        """Does nothing: the memory keeps nothing that is not used."""

    def release_host_memory(self) -> None:
        """Does nothing: collecting garbage each time would take most of a test's time."""


def out_of_memory() -> torch.OutOfMemoryError:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def distinct_values(tensor: torch.Tensor) -> set[float]:
    """The distinct numbers in a tensor of any shape."""
    return set(np.unique(tensor.detach().numpy()).tolist())
