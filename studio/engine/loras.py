"""A base model's LoRAs: side-car adapters, attached once, switched on for one job at a time."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from diffusers import DiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from studio.engine.caches import ByteCache
from studio.engine.construction import construction
from studio.engine.failures import lost_device, ran_out_of_memory, reason
from studio.engine.quiet import quiet_peft
from studio.errors import DamagedModel, UnfitModel
from studio.library.models import Model

Weights = Mapping[str, torch.Tensor]

_DOWN = ("lora_down.weight", "lora_A.weight", "lora.down.weight")


class LoraBank:
    """The adapters on one base model's modules.

    Never fused: switched off, they leave the base model's arithmetic untouched bit for bit.
    The `room` most recently used stay attached, so that using one again costs milliseconds.
    """

    def __init__(self, room: int = 6) -> None:
        self._room = room
        self._attached: OrderedDict[str, str] = OrderedDict()

    @contextmanager
    def plugged(
        self,
        pipe: DiffusionPipeline,
        loras: Sequence[tuple[Model, float]],
        files: ByteCache[Weights],
    ) -> Iterator[None]:
        """Switches the LoRAs on for the block, at their weights.

        Raises UnfitModel, naming the file, when one does not fit the base model.
        """
        if not loras:
            yield
            return
        weights = {self._name(pipe, model, files, keep=len(loras)): w for model, w in loras}
        try:
            pipe.enable_lora()
            pipe.set_adapters(list(weights), list(weights.values()))
            yield
        finally:
            pipe.disable_lora()

    def _name(
        self,
        pipe: DiffusionPipeline,
        model: Model,
        files: ByteCache[Weights],
        keep: int,
    ) -> str:
        """The adapter's name, attached now if it is not yet."""
        if model.sha256 in self._attached:
            self._attached.move_to_end(model.sha256)
            return self._attached[model.sha256]
        while len(self._attached) >= max(self._room, keep):
            _, oldest = self._attached.popitem(last=False)
            with quiet_peft():
                pipe.delete_adapters(oldest)
        name = f"lora_{model.sha256[:16]}"
        try:
            _attach(pipe, name, model, files)
        except BaseException:
            # A failed load leaves layers half wrapped; nothing is sure but a clean start.
            pipe.unload_lora_weights()
            self._attached.clear()
            raise
        self._attached[model.sha256] = name
        return name


def _attach(pipe: DiffusionPipeline, name: str, model: Model, files: ByteCache[Weights]) -> None:
    weights = files.get(model.sha256, lambda: _read(model))
    try:
        with construction(), quiet_peft():
            pipe.load_lora_weights(dict(weights), adapter_name=name)
    except (ValueError, RuntimeError, KeyError, AttributeError, TypeError, OSError) as error:
        if ran_out_of_memory(error) or lost_device(error):
            raise
        raise UnfitModel("model.lora_unfit", name=model.name, reason=reason(error)) from error
    wanted = sum(key.endswith(_DOWN) for key in weights)
    modules = (part for part in pipe.components.values() if isinstance(part, nn.Module))
    taken = sum(_layers_with(module, name) for module in modules)
    if taken < wanted:
        raise UnfitModel("model.lora_for_another", name=model.name, taken=taken, layers=wanted)


def _read(model: Model) -> Weights:
    try:
        weights: Weights = load_file(model.path)
    except (OSError, SafetensorError) as error:
        raise DamagedModel(
            "model.lora_unreadable", name=model.name, reason=reason(error)
        ) from error
    return weights


def _layers_with(module: nn.Module, name: str) -> int:
    layers = (each for each in module.modules() if isinstance(each, BaseTunerLayer))
    return sum(name in getattr(layer, "lora_A", {}) for layer in layers)
