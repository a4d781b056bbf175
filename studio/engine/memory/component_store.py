"""Enters the components of loaded models into the ledger, each with its RAM copy and only once."""

from contextlib import ExitStack
from dataclasses import replace
from typing import TypeVar, cast

from torch import nn

from studio.engine.families.base import LoadedBaseModel
from studio.engine.memory.component import Component
from studio.engine.memory.device_ledger import DeviceLedger, LedgerEntry
from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.eviction import ComponentKind

ModuleT = TypeVar("ModuleT", bound=nn.Module)
Entries = tuple[LedgerEntry[Component], ...]


class ComponentStore:
    """Models share what is equal: the module that was there first stands in for the others."""

    def __init__(self, ledger: DeviceLedger[Component], mover: DeviceTransfer) -> None:
        self._ledger, self._mover = ledger, mover

    def add_base_model(self, base_model: LoadedBaseModel) -> tuple[LoadedBaseModel, Entries]:
        """The base model with those of its components that are in RAM already, and all entries.

        Raises MemoryError.
        """
        modules = {
            name: module
            for name, module in base_model.components.items()
            if isinstance(module, nn.Module)
        }
        # The denoiser first: `CachedModel.entries` has the main component there.
        names = sorted(modules, key=lambda name: modules[name] is not base_model.denoiser)
        entries: dict[str, LedgerEntry[Component]] = {}
        with ExitStack() as on_error:
            for name in names:
                entries[name] = self._intern(modules[name], _kind_of(name))
                on_error.callback(self._ledger.release, entries[name])
            on_error.pop_all()
        shared = {name: entry.component.module for name, entry in entries.items()}
        components = {**base_model.components, **shared}
        return replace(base_model, components=components), tuple(entries.values())

    def add(self, module: ModuleT, kind: ComponentKind) -> tuple[ModuleT, Entries]:
        """The module, or an equal one that is in RAM already, and its entry. Raises MemoryError."""
        entry = self._intern(module, kind)
        return cast(ModuleT, entry.component.module), (entry,)

    def _intern(self, module: nn.Module, kind: ComponentKind) -> LedgerEntry[Component]:
        """The component's entry, with its RAM copy."""
        component = Component(module)
        entry = self._ledger.intern(component, kind, Component.equals)
        with ExitStack() as on_error:
            on_error.callback(self._ledger.release, entry)
            if entry.component is component:
                self._mover.prepare(component)
                self._ledger.resize(entry)
            on_error.pop_all()
        return entry


def _kind_of(name: str) -> ComponentKind:
    """Of a base model's component, by diffusers' name."""
    if name in ("unet", "transformer"):
        return "denoiser"
    return "vae" if name == "vae" else "text_encoder"
