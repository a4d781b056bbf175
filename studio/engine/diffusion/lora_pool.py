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

from studio.engine.device_errors import lost_device, ran_out_of_memory, reason
from studio.engine.library_logging import ignore_peft_warnings
from studio.engine.loading.build_lock import module_build_lock
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.models.types import ModelInfo

Weights = Mapping[str, torch.Tensor]

_LORA_DOWN_SUFFIXES = ("lora_down.weight", "lora_A.weight", "lora.down.weight")


class LoraAdapterPool:
    """The adapters on one base model's modules.

    Never fused: switched off, they leave the base model's arithmetic untouched bit for bit.
    The `room` most recently used stay attached, so that using one again costs milliseconds.
    """

    def __init__(self, room: int = 6) -> None:
        self._capacity = room
        self._attached: OrderedDict[str, str] = OrderedDict()

    @contextmanager
    def activated(
        self,
        pipe: DiffusionPipeline,
        loras: Sequence[tuple[ModelInfo, float]],
        files: ByteLRUCache[Weights],
    ) -> Iterator[None]:
        """Switches the LoRAs on for the block, at their weights.

        Raises UnfitModel, naming the file, when one does not fit the base model.
        """
        if not loras:
            yield
            return
        weights = {
            self._ensure_attached(pipe, model, files, keep=len(loras)): w for model, w in loras
        }
        try:
            pipe.enable_lora()
            pipe.set_adapters(list(weights), list(weights.values()))
            yield
        finally:
            pipe.disable_lora()

    def _ensure_attached(
        self,
        pipe: DiffusionPipeline,
        model: ModelInfo,
        files: ByteLRUCache[Weights],
        keep: int,
    ) -> str:
        """The adapter's name, attached now if it is not yet."""
        if model.sha256 in self._attached:
            self._attached.move_to_end(model.sha256)
            return self._attached[model.sha256]
        while len(self._attached) >= max(self._capacity, keep):
            _, oldest = self._attached.popitem(last=False)
            with ignore_peft_warnings():
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


def _attach(
    pipe: DiffusionPipeline, name: str, model: ModelInfo, files: ByteLRUCache[Weights]
) -> None:
    weights = files.get_or_create(model.sha256, lambda: _read(model))
    try:
        with module_build_lock(), ignore_peft_warnings():
            pipe.load_lora_weights(dict(weights), adapter_name=name)
    except (ValueError, RuntimeError, KeyError, AttributeError, TypeError, OSError) as error:
        if ran_out_of_memory(error) or lost_device(error):
            raise
        raise IncompatibleModelError(
            "model.lora_unfit", name=model.name, reason=reason(error)
        ) from error
    wanted = sum(key.endswith(_LORA_DOWN_SUFFIXES) for key in weights)
    modules = (part for part in pipe.components.values() if isinstance(part, nn.Module))
    taken = sum(_count_adapted_layers(module, name) for module in modules)
    if taken < wanted:
        raise IncompatibleModelError(
            "model.lora_for_another", name=model.name, taken=taken, layers=wanted
        )


def _read(model: ModelInfo) -> Weights:
    try:
        weights: Weights = load_file(model.path)
    except (OSError, SafetensorError) as error:
        raise CorruptModelError(
            "model.lora_unreadable", name=model.name, reason=reason(error)
        ) from error
    return weights


def _count_adapted_layers(module: nn.Module, name: str) -> int:
    layers = (each for each in module.modules() if isinstance(each, BaseTunerLayer))
    return sum(name in getattr(layer, "lora_A", {}) for layer in layers)
