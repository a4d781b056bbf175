"""Statistics of the engine's caches. Free of torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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

    oom_steps: Mapping[str, int] = field(default_factory=dict)
    """How often each step against lack of memory was taken, by its name."""
