"""What a job needs of the device's memory: the components of its models, and its activations."""

from dataclasses import dataclass
from typing import TypeAlias

from studio.engine.memory.activation_reserve import ActivationKey
from studio.engine.memory.component import Component
from studio.engine.memory.device_ledger import LedgerEntry

Entry: TypeAlias = LedgerEntry[Component]


@dataclass(frozen=True)
class JobComponents:
    """What the models of a job are made of."""

    denoiser: Entry
    text_encoders: tuple[Entry, ...]
    vae: Entry
    controlnets: tuple[Entry, ...]
    ip_adapters: tuple[Entry, ...] = ()
    image_encoders: tuple[Entry, ...] = ()

    @property
    def encoders(self) -> tuple[Entry, ...]:
        """What is needed only until prompts and references are encoded."""
        return (*self.text_encoders, *self.image_encoders)

    @property
    def drawing(self) -> tuple[Entry, ...]:
        """What the passes need, once prompts and references are encoded."""
        return (self.denoiser, self.vae, *self.controlnets, *self.ip_adapters)

    @property
    def all(self) -> tuple[Entry, ...]:
        return (*self.drawing, *self.encoders)

    @property
    def with_loras(self) -> tuple[Entry, ...]:
        """The components that LoRAs adapt."""
        return (self.denoiser, *self.text_encoders)


@dataclass(frozen=True)
class JobDescription:
    """What a job asks of the device's memory."""

    name: str
    """The base model's, for errors."""

    components: JobComponents
    activations: ActivationKey
