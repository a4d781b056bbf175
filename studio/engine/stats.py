"""Statistics of the engine's caches. Free of torch."""

from dataclasses import dataclass

from studio.engine.memory.byte_lru_cache import CacheStats
from studio.engine.memory.tiered_cache import TieredCacheStats


@dataclass(frozen=True)
class EngineStats:
    """What each cache holds, with its hits and misses."""

    base_models: TieredCacheStats
    controlnets: TieredCacheStats
    vaes: TieredCacheStats
    embeddings: CacheStats
    latents: CacheStats
    control_maps: CacheStats
    lora_files: CacheStats
