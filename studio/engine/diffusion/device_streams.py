"""The host beside the device: how far it runs ahead of the steps, and copies that nobody waits for."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch

STEPS_AHEAD = 1
"""Steps that are queued while one runs: enough that the device never waits for Python, and few enough
that cancelling still ends a render within one step."""


class HostCopy(Protocol):
    """A tensor on its way to the host."""

    @property
    def is_done(self) -> bool:
        """Whether `tensor` has arrived."""
        ...

    @property
    def tensor(self) -> torch.Tensor:
        """The copy, of the same shape (any) and type."""
        ...


class DeviceStreams(Protocol):
    """What a render loop needs of its device besides arithmetic."""

    def after_step(self) -> None:
        """Called when a step has been queued: waits while more than `STEPS_AHEAD` are not done."""
        ...

    def copy_to_host(self, tensor: torch.Tensor) -> HostCopy:
        """Starts to copy a tensor of any shape; the steps go on meanwhile."""
        ...


@dataclass(frozen=True)
class _FinishedCopy:
    tensor: torch.Tensor
    """Of any shape."""
    is_done: bool = True


class SynchronousStreams:
    """For devices that have done a step when the call returns, as the CPU has."""

    def after_step(self) -> None:
        """There is nothing to wait for."""

    def copy_to_host(self, tensor: torch.Tensor) -> HostCopy:
        """Any shape."""
        return _FinishedCopy(tensor.cpu())


@dataclass(frozen=True)
class _PinnedCopy:
    tensor: torch.Tensor
    """Of any shape, in pinned memory."""
    event: torch.cuda.Event

    @property
    def is_done(self) -> bool:
        return bool(self.event.query())  # type: ignore[no-untyped-call]


class CudaStreams:
    """For CUDA: an event for each step, and a stream of its own for copies into pinned memory."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._queued: deque[torch.cuda.Event] = deque()

    def after_step(self) -> None:
        """Sleeps rather than spins: other threads need the processor."""
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self._device))
        self._queued.append(event)
        while len(self._queued) > STEPS_AHEAD:
            self._queued.popleft().synchronize()

    def copy_to_host(self, tensor: torch.Tensor) -> HostCopy:
        """Any shape."""
        pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        self._copies.wait_stream(torch.cuda.current_stream(self._device))
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        with torch.cuda.stream(self._copies):
            pinned.copy_(tensor, non_blocking=True)
            event.record()
        # The allocator must not reuse the tensor's memory before it has been read.
        tensor.record_stream(self._copies)
        return _PinnedCopy(pinned, event)


class SideStream:
    """A stream of its own on a CUDA device, for work beside that of the render; elsewhere there is none.

    One for each user: what a stream has allocated, no other can use.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream: torch.cuda.Stream | None = None

    @contextmanager
    def use(self) -> Iterator[None]:
        """The block's work runs on the stream, after what this thread's stream holds when it begins; it is
        done when the block ends, also by an error."""
        if self._device.type != "cuda":
            yield
            return
        stream = self._stream or torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        self._stream = stream
        stream.wait_stream(torch.cuda.current_stream(self._device))
        try:
            with torch.cuda.stream(stream):
                yield
        finally:
            stream.synchronize()


def hand_over(tensors: Iterable[torch.Tensor], device: torch.device) -> None:
    """Lets this thread's stream use tensors (of any shape) that were made on a side stream: their memory is
    not used again before it is done with them."""
    if device.type == "cuda":
        for tensor in tensors:
            tensor.record_stream(torch.cuda.current_stream(device))


def make_device_streams(device: torch.device) -> DeviceStreams:
    """The streams for a device."""
    return CudaStreams(device) if device.type == "cuda" else SynchronousStreams()
