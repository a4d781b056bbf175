"""Where the weights lie that a recorded function reads: a graph knows them by address alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from weakref import ReferenceType, ref

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn


@dataclass(frozen=True)
class WeightsFingerprint:
    """The addresses of all weights that some modules read.

    A model that went to RAM and came back may lie elsewhere: then nothing that was recorded with
    the old addresses may be replayed.
    """

    addresses: tuple[int, ...]
    weights: tuple[ReferenceType[torch.Tensor], ...] = field(compare=False, repr=False)
    """Of any shape."""

    @classmethod
    def of(cls, modules: Sequence[nn.Module]) -> "WeightsFingerprint":
        """Of the modules as they are now; LoRA adapters that are not enabled take no part."""
        weights = [weight for module in modules for weight in _weights_read(module)]
        return cls(tuple(weight.data_ptr() for weight in weights), tuple(map(ref, weights)))

    @property
    def is_current(self) -> bool:
        """Whether every weight still lies where it did."""
        return all(
            (weight := reference()) is not None and weight.data_ptr() == address
            for reference, address in zip(self.weights, self.addresses, strict=True)
        )


def has_hooks(modules: Sequence[nn.Module]) -> bool:
    """Whether anything happens around a part of the modules besides their own arithmetic, such as
    weights that move or are cast while it runs (group offloading, layerwise casting), so that their
    addresses do not last. What is done behind a whole module does not count."""
    return any(
        child._forward_pre_hooks
        or (child is not module and child._forward_hooks)
        or hasattr(child, "_diffusers_hook")
        for module in modules
        for child in module.modules()
    )


def _weights_read(module: nn.Module) -> Iterator[torch.Tensor]:
    """Parameters and buffers of any shape, but for those of LoRA adapters that are not enabled."""
    idle = {id(weight) for weight in _idle_adapter_weights(module)}
    for weight in (*module.parameters(), *module.buffers()):
        if id(weight) not in idle:
            yield weight


def _idle_adapter_weights(module: nn.Module) -> Iterator[torch.Tensor]:
    """Parameters of any shape."""
    for layer in module.modules():
        if isinstance(layer, BaseTunerLayer):
            enabled = () if layer.disable_adapters else layer.active_adapters
            for container_name in layer.adapter_layer_names:
                for adapter, of_adapter in getattr(layer, container_name).items():
                    if adapter not in enabled:
                        yield from _parameters_of(of_adapter)


def _parameters_of(adapter: nn.Module | torch.Tensor) -> Iterator[torch.Tensor]:
    """Of a layer, or the parameter itself; any shape."""
    if isinstance(adapter, nn.Module):
        yield from adapter.parameters()
    else:
        yield adapter
