"""A component's weights in one block of RAM of exactly their size, from which it goes up in one copy."""

import logging
import mmap
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch

log = logging.getLogger(__name__)

ALIGNMENT = 256
"""Bytes; what CUDA's allocator and its kernels' vector loads ask for at least."""


_PORTABLE = 1
"""cudaHostRegisterPortable: for every device, whichever is the current one."""


@dataclass(frozen=True)
class _Place:
    """Where a weight lies in the block."""

    offset: int
    """In bytes."""

    dtype: torch.dtype
    size: torch.Size
    stride: tuple[int, ...]

    def view(self, block: torch.Tensor) -> torch.Tensor:
        """The weight, of `size`, in a block of bytes, (bytes,)."""
        length = _extent(self.size, self.stride) * self.dtype.itemsize
        flat = block[self.offset : self.offset + length].view(self.dtype)
        return flat.as_strided(self.size, self.stride)


class HostSlab:
    """Copies of weights (of any shapes), side by side in memory that goes back to the operating
    system with the slab.

    Tensors that are one storage with one layout, tied weights, have one place.
    """

    def __init__(self, weights: Sequence[torch.Tensor], channels_last: bool = False) -> None:
        """`weights` are of any shapes, in RAM. Raises MemoryError.

        `channels_last`: those of 4 dimensions, of convolutions, get this memory format.
        """
        places: dict[tuple[object, ...], _Place] = {}
        self._places: list[_Place] = []
        end = 0
        for weight in weights:
            layout = (weight.data_ptr(), weight.dtype, weight.shape, weight.stride())
            if layout not in places or not weight.numel():
                stride = _stride(weight, channels_last)
                places[layout] = _Place(end, weight.dtype, weight.shape, stride)
                length = _extent(weight.shape, stride) * weight.element_size()
                end += -(-length // ALIGNMENT) * ALIGNMENT
            self._places.append(places[layout])
        try:
            # Not shared: that is a file in memory, which containers limit apart.
            private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
            self._buffer = mmap.mmap(-1, max(ALIGNMENT, end), private)
        except OSError as error:
            raise MemoryError(f"no {end} bytes of RAM for a model") from error
        self.block = torch.frombuffer(self._buffer, dtype=torch.uint8)
        """(bytes,)"""
        self.views = self.views_of(self.block)
        """The copies, of the weights' shapes."""
        for view, weight in zip(self.views, weights, strict=True):
            view.copy_(weight)
        self._was_pinned = False

    @property
    def nbytes(self) -> int:
        return self.block.nbytes

    def views_of(self, block: torch.Tensor) -> list[torch.Tensor]:
        """The weights in a copy of the block, (bytes,), on any device."""
        return [place.view(block) for place in self._places]

    def pin(self, device: torch.device) -> None:
        """Page-locks the block: copies to the CUDA device then run at the full rate, asynchronously.

        As far as the operating system allows it: without, copies are slower.
        """
        if self._was_pinned:
            return
        self._was_pinned = True
        address = self.block.data_ptr()
        status = int(_cudart().cudaHostRegister(address, self.nbytes, _PORTABLE))
        if status:
            log.warning("%d bytes of RAM cannot be pinned (CUDA error %d)", self.nbytes, status)
            _discard_error(device)
        else:
            # The finalizer holds the buffer: it must be mapped until it is unregistered.
            weakref.finalize(self, _unregister, self._buffer, address, device).atexit = False


def _unregister(_buffer: mmap.mmap, address: int, device: torch.device) -> None:
    """Ends page-locking, once no copy from the block is under way, and also on a failed device."""
    try:
        torch.cuda.synchronize(device)
    finally:
        _cudart().cudaHostUnregister(address)


def _discard_error(device: torch.device) -> None:
    """CUDA tells an error of the runtime once more with the next kernel: this is that kernel."""
    with suppress(RuntimeError):
        torch.zeros(1, dtype=torch.float32, device=device).add_(1)
        torch.cuda.synchronize(device)


def _cudart() -> Any:
    """The CUDA runtime's functions."""
    return torch.cuda.cudart()  # type: ignore[no-untyped-call]


def _extent(size: Sequence[int], stride: Sequence[int]) -> int:
    """Elements from the first to the last of a tensor, both included; 0 when it is empty."""
    if 0 in size:
        return 0
    return 1 + sum((length - 1) * step for length, step in zip(size, stride, strict=True))


def _stride(weight: torch.Tensor, channels_last: bool) -> tuple[int, ...]:
    """Of the copy of a weight of any shape: its own, unless another format is asked for."""
    if channels_last and weight.ndim == 4:
        format_ = torch.channels_last
    elif _is_dense(weight):
        return weight.stride()
    else:
        format_ = torch.contiguous_format
    return torch.empty(weight.shape, device="meta", memory_format=format_).stride()


def _is_dense(weight: torch.Tensor) -> bool:
    """Whether the weight, of any shape, takes up all of its extent: contiguous in some order."""
    return _extent(weight.shape, weight.stride()) == weight.numel()
