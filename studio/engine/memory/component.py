"""One torch module of a model as the ledger holds it: its weights, their RAM copy, its LoRAs."""

import threading
from collections.abc import Hashable, Iterator, Mapping

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from studio.engine.memory.host_slab import HostSlab


class Component:
    """A UNet or transformer, a text encoder, a VAE, a ControlNet, an IP-Adapter or an image encoder."""

    def __init__(self, module: nn.Module) -> None:
        """Takes the module as it was loaded: in RAM, without adapters."""
        self.module = module
        tensors: dict[int, tuple[str, torch.Tensor]] = {}
        tensors |= {id(t): (name, t) for name, t in module.named_parameters()}
        tensors |= {id(t): (name, t) for name, t in module.named_buffers()}
        self._names = tuple(name for name, _ in tensors.values())
        self.weights = tuple(tensor for _, tensor in tensors.values())
        """Its own parameters and buffers, of any shape, without those of adapters."""

        self._config = _configuration(module)
        self.slab: HostSlab | None = None
        """The RAM copy of `weights`; None on a CPU, where the weights themselves are in RAM."""
        self._slab_lock = threading.Lock()

        self.active_loras: Hashable = ()
        """Where LoRAs are fused, which adapters with which weights are enabled; () for none, None
        after an error."""

        self.is_fused = False
        """Whether the weights on the device have adapters added to them."""

    def host_weights(self) -> list[torch.Tensor]:
        """The weights as they were loaded, in RAM, of any shape."""
        return [w.data for w in self.weights] if self.slab is None else self.slab.views

    def make_slab(self, channels_last: bool) -> HostSlab:
        """Moves the weights into a slab of their own, unless they are in one. Raises MemoryError.

        Thread-safe: the lane may upload a component that another thread has just loaded.

        `channels_last`: in this memory format where they are of convolutions.
        """
        with self._slab_lock:
            if self.slab is None:
                slab = HostSlab([weight.data for weight in self.weights], channels_last)
                self.use(slab.views)
                self.slab = slab
            return self.slab

    def use(self, tensors: list[torch.Tensor]) -> None:
        """Puts tensors of the same shapes and types in place of the weights."""
        for weight, tensor in zip(self.weights, tensors, strict=True):
            weight.data = tensor

    def adapter_tensors(self) -> Iterator[torch.Tensor]:
        """Parameters and buffers, of any shape, of the LoRAs that are attached to it. The weights of
        IP-Adapters, which are plugged in for a render, are another component's."""
        own = {id(weight) for weight in self.weights}
        for layer in self._lora_layers():
            for tensor in (*layer.parameters(), *layer.buffers()):
                if id(tensor) not in own:
                    yield tensor

    def equals(self, other: "Component") -> bool:
        """Whether both are of one architecture and their weights equal, bit by bit, as loaded.

        Other models differ in the first weights, so that this reads all of them only of equal ones.
        """
        return (
            type(self.module) is type(other.module)
            and self._names == other._names
            and self._config == other._config
            and all(map(_same_bits, self.host_weights(), other.host_weights()))
        )

    def fuse(self) -> None:
        """Adds the active adapters to the weights, which must be a copy on the device.

        After an error some are added: `DeviceTransfer.unfuse` undoes that.
        """
        self.is_fused = True
        for layer in self._lora_layers():
            if not layer.disable_adapters and not layer.merged:
                layer.merge()

    def adapted_layers(self) -> Iterator[nn.Module]:
        """The layers, without their adapters, that adapters are attached to."""
        return (layer.get_base_layer() for layer in self._lora_layers())

    @property
    def has_active_loras(self) -> bool:
        """Whether adapters are added to the weights, or run beside them."""
        return self.is_fused or any(not layer.disable_adapters for layer in self._lora_layers())

    def forget_fusing(self) -> None:
        """Marks all adapters as not fused: the weights are again as they were loaded."""
        self.is_fused = False
        for layer in self._lora_layers():
            layer.merged_adapters.clear()

    def _lora_layers(self) -> Iterator[BaseTunerLayer]:
        return (layer for layer in self.module.modules() if isinstance(layer, BaseTunerLayer))


def _configuration(module: nn.Module) -> Mapping[str, object]:
    """The module's settings, but for the paths that it was loaded from."""
    config = getattr(module, "config", {})
    values = config.to_dict() if hasattr(config, "to_dict") else config
    return {name: value for name, value in values.items() if not name.startswith("_")}


def _same_bits(one: torch.Tensor, another: torch.Tensor) -> bool:
    """Whether two tensors (of any shape) have one shape, type and bits; NaN equals itself."""
    if one.shape != another.shape or one.dtype != another.dtype:
        return False
    kinds = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    bits = kinds[one.element_size()]
    return torch.equal(one.contiguous().view(bits), another.contiguous().view(bits))
