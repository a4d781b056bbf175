"""A base model's LoRAs as peft adapters: attached once, activated for one job at a time."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from diffusers import DiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from studio.engine.device_errors import first_line, is_device_lost, is_out_of_memory
from studio.engine.library_logging import ignore_peft_warnings
from studio.engine.loading.build_lock import module_build_lock
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.models.types import ModelInfo

StateDict = Mapping[str, torch.Tensor]
"""A LoRA file's tensors by name, (rank, in) and (out, rank) of each layer and scalars."""

_LORA_DOWN_SUFFIXES = ("lora_down.weight", "lora_A.weight", "lora.down.weight")
"""The end of one tensor's name in each adapted layer, in the layouts of kohya, peft and diffusers."""


class LoraAdapterPool:
    """The LoRA adapters attached to one base model.

    They are never fused: while they are disabled, the base model computes exactly what it did
    without them. The most recently used ones stay attached, so that using one again takes
    milliseconds.
    """

    def __init__(self, capacity: int = 6) -> None:
        """`capacity` is how many adapters stay attached; a job with more may exceed it."""
        self._capacity = capacity
        self._attached: OrderedDict[str, str] = OrderedDict()
        """Adapter names by the file's hash, least recently used first."""

    @contextmanager
    def activated(
        self,
        pipe: DiffusionPipeline,
        loras: Sequence[tuple[ModelInfo, float]],
        files: ByteLRUCache[StateDict],
    ) -> Iterator[None]:
        """Enables the LoRAs with their weights for the block; `files` caches their `StateDict`s
        (see there for shapes).

        Raises CorruptModelError, or IncompatibleModelError for a LoRA that does not fit the base
        model.
        """
        if not loras:
            yield
            return
        weights = {
            self._ensure_attached(pipe, model, files, required=len(loras)): weight
            for model, weight in loras
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
        files: ByteLRUCache[StateDict],
        required: int,
    ) -> str:
        """The adapter's name, attached from its `StateDict` (see there for shapes) if it is not yet.

        `required` adapters of the job stay attached, whatever the capacity.
        """
        if model.sha256 in self._attached:
            self._attached.move_to_end(model.sha256)
            return self._attached[model.sha256]
        while len(self._attached) >= max(self._capacity, required):
            _, least_recent = self._attached.popitem(last=False)
            with ignore_peft_warnings():
                pipe.delete_adapters(least_recent)
        name = f"lora_{model.sha256[:16]}"
        try:
            _attach(pipe, name, model, files)
        except BaseException:
            # A failed load leaves some layers wrapped: only removing all adapters is safe.
            pipe.unload_lora_weights()
            self._attached.clear()
            raise
        self._attached[model.sha256] = name
        return name


def _attach(
    pipe: DiffusionPipeline, name: str, model: ModelInfo, files: ByteLRUCache[StateDict]
) -> None:
    """Attaches the file's `StateDict` (see there for shapes) as an adapter.

    Raises IncompatibleModelError when the base model lacks layers that the LoRA adapts.
    """
    state_dict = files.get_or_create(model.sha256, lambda: _read(model))
    try:
        with module_build_lock(), ignore_peft_warnings():
            pipe.load_lora_weights(dict(state_dict), adapter_name=name)
    except (ValueError, RuntimeError, KeyError, AttributeError, TypeError, OSError) as error:
        if is_out_of_memory(error) or is_device_lost(error):
            raise
        raise IncompatibleModelError(
            "model.lora_unfit", name=model.name, reason=first_line(error)
        ) from error
    expected = sum(key.endswith(_LORA_DOWN_SUFFIXES) for key in state_dict)
    modules = (module for module in pipe.components.values() if isinstance(module, nn.Module))
    adapted = sum(_count_adapted_layers(module, name) for module in modules)
    if adapted < expected:
        raise IncompatibleModelError(
            "model.lora_for_another", name=model.name, taken=adapted, layers=expected
        )


def _read(model: ModelInfo) -> StateDict:
    """The file's tensors, of any shape. Raises CorruptModelError."""
    try:
        state_dict: StateDict = load_file(model.path)
    except (OSError, SafetensorError) as error:
        raise CorruptModelError(
            "model.lora_unreadable", name=model.name, reason=first_line(error)
        ) from error
    return state_dict


def _count_adapted_layers(module: nn.Module, adapter_name: str) -> int:
    layers = (layer for layer in module.modules() if isinstance(layer, BaseTunerLayer))
    return sum(adapter_name in getattr(layer, "lora_A", {}) for layer in layers)
