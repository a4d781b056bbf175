"""What the engine holds, to be looked at. Free of torch."""

from dataclasses import dataclass

from studio.engine.caches import CacheStatus
from studio.engine.residency import Status


@dataclass(frozen=True)
class EngineStatus:
    """What is where, and how often it was there when it was asked for."""

    base_models: Status
    controlnets: Status
    vaes: Status
    embeddings: CacheStatus
    latents: CacheStatus
    maps: CacheStatus
    lora_files: CacheStatus
