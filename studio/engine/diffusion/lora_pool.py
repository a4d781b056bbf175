"""A base model's LoRAs as peft adapters: attached once, activated for one job at a time."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import torch
from diffusers import DiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from studio.engine.device_errors import is_device_lost, is_out_of_memory
from studio.engine.library_logging import ignore_peft_warnings
from studio.engine.loading.build_lock import module_build_lock
from studio.engine.memory.byte_lru_cache import ByteLRUCache
from studio.errors import CorruptModelError, IncompatibleModelError, first_line
from studio.models.types import ModelInfo

StateDict = Mapping[str, torch.Tensor]
"""A LoRA file's tensors by name, (rank, in) and (out, rank) of each layer and scalars."""

_LORA_DOWN_SUFFIXES = ("lora_down.weight", "lora_A.weight", "lora.down.weight")
"""The end of one tensor's name in each adapted layer, in the layouts of kohya, peft and diffusers."""


class LoraFusing(Protocol):
    """Where adapters, once enabled, are added to the weights on the device."""

    @property
    def lora_lock(self) -> AbstractContextManager[object]:
        """Held while adapters are attached, enabled or disabled: another thread may use the text
        encoders in between."""

    @property
    def fuses_loras(self) -> bool:
        """False on a CPU, where adapters run beside the weights."""

    def switch_loras(self, active: Hashable) -> bool:
        """Undoes all fused adapters but those of `active`; False if just these are enabled."""

    def forget_loras(self) -> None:
        """Called after an error: it is unknown which adapters are enabled."""

    def recount(self) -> None:
        """Called when adapters were attached or removed: their bytes changed."""


@dataclass(frozen=True)
class _Attached:
    """An adapter and the modules that have it."""

    name: str
    modules: tuple[nn.Module, ...]

    @property
    def is_complete(self) -> bool:
        """False when another base model that shares a text encoder has removed all adapters."""
        return all(self.name in getattr(module, "peft_config", {}) for module in self.modules)


class LoraAdapterPool:
    """The LoRA adapters attached to one base model. The most recently used ones stay attached, so
    that using one again takes milliseconds.

    On a CPU they are never fused: while they are disabled, the base model computes exactly what it
    did without them. On a graphics card, where each adapter's many small layers would take most of
    the time, the enabled ones are fused into the copy of the weights there (see `LoraFusing`), and
    undone from the copy in RAM when a job asks for others.
    """

    def __init__(self, capacity: int = 6) -> None:
        """`capacity` is how many adapters stay attached; a job with more may exceed it."""
        self._capacity = capacity
        self._id = uuid4().hex[:8]
        """In the adapters' names: base models may share a text encoder."""
        self._attached: OrderedDict[str, _Attached] = OrderedDict()
        """By the file's hash, least recently used first."""

    @contextmanager
    def activated(
        self,
        pipe: DiffusionPipeline,
        loras: Sequence[tuple[ModelInfo, float]],
        files: ByteLRUCache[StateDict],
        fusing: LoraFusing,
    ) -> Iterator[None]:
        """Enables the LoRAs with their weights for the block; `files` caches their `StateDict`s
        (see there for shapes).

        Where LoRAs are fused they stay enabled afterwards, until a job asks for others.

        Raises CorruptModelError, or IncompatibleModelError for a LoRA that does not fit the base
        model.
        """
        if fusing.fuses_loras:
            with fusing.lora_lock:
                self._switch(pipe, loras, files, fusing)
            yield
        elif loras:
            try:
                with fusing.lora_lock:
                    self._enable(pipe, loras, files, fusing)
                yield
            finally:
                with fusing.lora_lock:
                    pipe.disable_lora()
        else:
            yield

    def _switch(
        self,
        pipe: DiffusionPipeline,
        loras: Sequence[tuple[ModelInfo, float]],
        files: ByteLRUCache[StateDict],
        fusing: LoraFusing,
    ) -> None:
        """Enables just these LoRAs, of `StateDict`s (see there for shapes), unless they are."""
        adapters = tuple((model.sha256, weight) for model, weight in loras)
        if not fusing.switch_loras((self._id, *adapters) if loras else ()):
            return
        try:
            if loras:
                self._enable(pipe, loras, files, fusing)
            else:
                pipe.disable_lora()
        except BaseException:
            fusing.forget_loras()
            raise

    def _enable(
        self,
        pipe: DiffusionPipeline,
        loras: Sequence[tuple[ModelInfo, float]],
        files: ByteLRUCache[StateDict],
        fusing: LoraFusing,
    ) -> None:
        """Attaches the LoRAs, of `StateDict`s (see there for shapes), and makes them the active ones."""
        before = list(self._attached.values())
        weights = {
            self._ensure_attached(pipe, model, files, required=len(loras)): weight
            for model, weight in loras
        }
        if list(self._attached.values()) != before:
            fusing.recount()
        pipe.enable_lora()
        pipe.set_adapters(list(weights), list(weights.values()))

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
        attached = self._attached.get(model.sha256)
        if attached is not None and attached.is_complete:
            self._attached.move_to_end(model.sha256)
            return attached.name
        if attached is not None:
            self._remove(pipe, model.sha256)
        while len(self._attached) >= max(self._capacity, required):
            self._remove(pipe, next(iter(self._attached)))
        name = f"lora_{model.sha256[:16]}_{self._id}"
        try:
            modules = _attach(pipe, name, model, files)
        except BaseException:
            # A failed load leaves some layers wrapped: only removing all adapters is safe.
            pipe.unload_lora_weights()
            self._attached.clear()
            raise
        self._attached[model.sha256] = _Attached(name, modules)
        return name

    def _remove(self, pipe: DiffusionPipeline, sha256: str) -> None:
        with ignore_peft_warnings():
            pipe.delete_adapters(self._attached.pop(sha256).name)


def _attach(
    pipe: DiffusionPipeline, name: str, model: ModelInfo, files: ByteLRUCache[StateDict]
) -> tuple[nn.Module, ...]:
    """Attaches the file's `StateDict` (see there for shapes) as an adapter.

    Returns the modules that have it. Raises IncompatibleModelError when the base model lacks layers
    that the LoRA adapts.
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
    layers = {module: _count_adapted_layers(module, name) for module in modules}
    if sum(layers.values()) < expected:
        raise IncompatibleModelError(
            "model.lora_for_another",
            name=model.name,
            taken=sum(layers.values()),
            layers=expected,
        )
    return tuple(module for module, count in layers.items() if count)


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
