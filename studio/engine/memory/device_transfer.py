"""Moves models between RAM and a device. RAM keeps a copy, so that offloading copies nothing."""

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

import torch
from torch import nn
from torch.utils.weak import WeakTensorKeyDictionary

from studio.engine.device_errors import is_out_of_memory
from studio.engine.memory.tiered_cache import DeviceFull

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class HasModules(Protocol):
    """A model made of torch modules."""

    @property
    def modules(self) -> tuple[nn.Module, ...]: ...


@dataclass(frozen=True)
class SingleModule(Generic[ModuleT]):
    """One torch module as a model that can be moved."""

    module: ModuleT

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        return (self.module,)


class DeviceTransfer:
    """The `ModelMover` of one torch device.

    To the device, each weight's storage is copied and swapped in; the host copy stays, on CUDA in
    pinned memory, so that the transfer is asynchronous. Offloading swaps the host copy back in. On
    the CPU both tiers are the same memory and nothing moves.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def size_bytes(self, model: HasModules) -> int:
        """Bytes of the model's parameters and buffers; shared storage counts once."""
        storages = {
            tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
            for tensor in _tensors_of(model)
        }
        return sum(storages.values())

    def to_device(self, model: HasModules) -> Callable[[], None]:
        """Moves the model to the device and returns the function that offloads it.

        That function owns the host copies. They are keyed by the weight itself and not by its name,
        since attaching a LoRA renames weights; a copy is freed with its weight.

        Whatever goes wrong, weights that had moved are back in RAM. Raises DeviceFull when the
        device is out of memory.
        """
        if self._device.type == "cpu":
            return _do_nothing
        host_copies = WeakTensorKeyDictionary()
        offload = partial(_swap_in_host_copies, model, host_copies)
        try:
            for weight in _tensors_of(model):
                if weight not in host_copies:
                    host_copy = host_copies[weight] = self.host_copy(weight.data)
                    weight.data = self.device_copy(host_copy)
        except BaseException as error:
            offload()
            if is_out_of_memory(error):
                raise DeviceFull from error
            raise
        return offload

    def host_copy(self, weight: torch.Tensor) -> torch.Tensor:
        """A weight, of any shape, as it stays in RAM.

        On CUDA in pinned memory, as far as the operating system allows it.
        """
        if self._device.type != "cuda":
            return weight
        try:
            return weight.pin_memory()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return weight

    def device_copy(self, host_copy: torch.Tensor) -> torch.Tensor:
        """A copy on the device, of the same shape (any) and type."""
        return host_copy.to(self._device, non_blocking=True)

    def release_host_memory(self) -> None:
        """Collects garbage, empties CUDA's cache and trims the C library's heap."""
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _do_nothing() -> None:
    """Offloads from a device whose memory is RAM."""


def _swap_in_host_copies(model: HasModules, host_copies: WeakTensorKeyDictionary) -> None:
    """Puts the host copies (of any shape) in place of the weights on the device."""
    for weight in _tensors_of(model):
        if weight in host_copies:
            weight.data = host_copies[weight]
    for weight in _tensors_of(model):
        # Adapters that were attached while the model was on the device have no host copy yet.
        if weight not in host_copies:
            weight.data = weight.data.to("cpu")


def _tensors_of(model: HasModules) -> Iterator[torch.Tensor]:
    """Parameters and buffers of all modules, of any shape."""
    for module in model.modules:
        yield from module.parameters()
        yield from module.buffers()
