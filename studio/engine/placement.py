"""Moves models between RAM and a device; the RAM copy is kept, so the way down copies nothing."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


class Movable(Protocol):
    """Anything made of torch modules."""

    @property
    def modules(self) -> tuple[nn.Module, ...]: ...


@dataclass(frozen=True)
class Single(Generic[Module]):
    """One module as something that can be placed."""

    module: Module

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        return (self.module,)


class DevicePlacement:
    """Places models on one device.

    Going up, each weight's storage is copied and swapped in; the host's storage is kept and
    pinned on CUDA, so that the copy can run beside other work. Going down swaps it back.
    On the CPU both tiers are the same memory and nothing moves.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._hosts: dict[int, dict[str, torch.Tensor]] = {}

    def size(self, model: Movable) -> int:
        storages = {
            tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
            for _, tensor in _weights(model)
        }
        return sum(storages.values())

    def up(self, model: Movable) -> None:
        if self._device.type == "cpu":
            return
        hosts = self._hosts.setdefault(id(model), {})
        for name, tensor in _weights(model):
            host = hosts.get(name)
            if host is None:
                host = hosts[name] = _pinned(tensor.data, self._device)
            tensor.data = host.to(self._device, non_blocking=True)

    def down(self, model: Movable) -> None:
        if self._device.type == "cpu":
            return
        hosts = self._hosts.pop(id(model))
        for name, tensor in _weights(model):
            # What was attached while it stood up there (an adapter) has no copy here yet.
            tensor.data = hosts[name] if name in hosts else tensor.data.to("cpu")

    def dropped(self) -> None:
        """Python's and the C library's freed memory goes back to the system."""
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _weights(model: Movable) -> Iterator[tuple[str, torch.Tensor]]:
    for index, module in enumerate(model.modules):
        for name, weight in module.named_parameters():
            yield f"{index}.{name}", weight
        for name, buffer in module.named_buffers():
            yield f"{index}.{name}", buffer


def _pinned(host: torch.Tensor, device: torch.device) -> torch.Tensor:
    return host.pin_memory() if device.type == "cuda" else host
