"""Moves models between RAM and a device; the RAM copy is kept, so the way down copies nothing."""

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

from studio.engine.device_errors import ran_out_of_memory
from studio.engine.memory.tiered_cache import DeviceFull

Module = TypeVar("Module", bound=nn.Module)


class HasModules(Protocol):
    """Anything made of torch modules."""

    @property
    def modules(self) -> tuple[nn.Module, ...]: ...


@dataclass(frozen=True)
class SingleModule(Generic[Module]):
    """One module as something that can be placed."""

    module: Module

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        return (self.module,)


class DeviceTransfer:
    """Places models on one device.

    Going up, each weight's storage is copied and swapped in; the host's storage is kept and
    pinned on CUDA, so that the copy can run beside other work. Going down swaps it back.
    On the CPU both tiers are the same memory and nothing moves.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def size_bytes(self, model: HasModules) -> int:
        storages = {
            tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
            for tensor in _named_tensors(model)
        }
        return sum(storages.values())

    def to_device(self, model: HasModules) -> Callable[[], None]:
        """The model's way down, which holds its host copies: by the weights themselves, since an
        attached LoRA renames them. A copy lives no longer than its weight.

        Whatever goes wrong, weights that had moved are back in RAM. Raises DeviceFull.
        """
        if self._device.type == "cpu":
            return _stay
        hosts = WeakTensorKeyDictionary()
        down = partial(_swap_back, model, hosts)
        try:
            for weight in _named_tensors(model):
                if weight not in hosts:
                    host = hosts[weight] = self.host_copy(weight.data)
                    weight.data = self.device_copy(host)
        except BaseException as error:
            down()
            if ran_out_of_memory(error):
                raise DeviceFull from error
            raise
        return down

    def host_copy(self, weight: torch.Tensor) -> torch.Tensor:
        """What stays in RAM of a weight: pinned on CUDA, as far as the system lets pages be."""
        if self._device.type != "cuda":
            return weight
        try:
            return weight.pin_memory()
        except RuntimeError as error:
            if not ran_out_of_memory(error):
                raise
            return weight

    def device_copy(self, host: torch.Tensor) -> torch.Tensor:
        return host.to(self._device, non_blocking=True)

    def release_host_memory(self) -> None:
        """Python's and the C library's freed memory goes back to the system."""
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _stay() -> None:
    """The way down from a device whose memory is RAM."""


def _swap_back(model: HasModules, hosts: WeakTensorKeyDictionary) -> None:
    for weight in _named_tensors(model):
        if weight in hosts:
            weight.data = hosts[weight]
    for weight in _named_tensors(model):
        # What was attached while the model stood up there (an adapter) has no copy here yet.
        if weight not in hosts:
            weight.data = weight.data.to("cpu")


def _named_tensors(model: HasModules) -> Iterator[torch.Tensor]:
    for module in model.modules:
        yield from module.parameters()
        yield from module.buffers()
