"""What the engine holds, to be looked at. Free of torch."""

from dataclasses import dataclass

from studio.engine.memory.byte_lru_cache import CacheStats
from studio.engine.memory.tiered_cache import TieredCacheStats


@dataclass(frozen=True)
class EngineStats:
    """What is where, and how often it was there when it was asked for."""

    base_models: TieredCacheStats
    controlnets: TieredCacheStats
    vaes: TieredCacheStats
    embeddings: CacheStats
    latents: CacheStats
    control_maps: CacheStats
    lora_files: CacheStats
