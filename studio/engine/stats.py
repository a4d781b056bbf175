"""Statistics of the engine's caches. Free of torch."""

from dataclasses import dataclass

from studio.engine.memory.byte_lru_cache import CacheStats
from studio.engine.memory.tiered_cache import TieredCacheStats


@dataclass(frozen=True)
class EngineStats:
    """What each cache holds, with its hits and misses, and the recorded steps."""

    base_models: TieredCacheStats
    controlnets: TieredCacheStats
    vaes: TieredCacheStats
    embeddings: CacheStats
    latents: CacheStats
    control_maps: CacheStats
    lora_files: CacheStats

    graph_captures: int = 0
    """CUDA graphs that were captured."""

    graph_hits: int = 0
    """Denoising steps and decodings that replayed one."""

    graph_fallbacks: int = 0
    """Those that ran without one, since it could not be captured."""

    graph_bytes: int = 0
    """Device memory that the captured graphs hold."""
