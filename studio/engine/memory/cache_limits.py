"""Limits of the engine's caches."""

from dataclasses import dataclass

import torch

MB = 2**20


@dataclass(frozen=True)
class CacheLimits:
    """Limits of the engine's caches. A byte limit of None leaves only the count."""

    max_device_models: int = 2
    """Base models whose denoisers are on the device."""

    max_ram_models: int = 4
    """Base models in RAM, those on the device included."""

    device_bytes: int | None = None
    """Bytes of all models on the device; None: what the device has free."""

    ram_bytes: int | None = None
    """Bytes of base models in RAM."""

    controlnets: int = 8
    """ControlNets, on the device and in RAM alike; likewise IP-Adapters, and image encoders."""

    cache_bytes: int = 256 * MB
    """Bytes of prompt embeddings, latents and control maps together; encoded references have an eighth more."""

    lora_bytes: int = 1024 * MB
    """Bytes of LoRA files in RAM."""

    graph_bytes: int | None = None
    """Bytes of recorded steps on the device; None: an eighth of its memory."""

    def graph_bytes_on(self, device: torch.device) -> int:
        """Bytes of recorded steps on a device; 0 where none are recorded."""
        if self.graph_bytes is not None or device.type != "cuda":
            return self.graph_bytes or 0
        return torch.cuda.get_device_properties(device).total_memory // 8
