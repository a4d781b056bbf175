"""Statistics of the engine's caches and of its device. Free of torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.engine.memory.byte_lru_cache import CacheStats
from studio.engine.memory.tiered_cache import TieredCacheStats
from studio.messages import Message


@dataclass(frozen=True)
class DeviceInfo:
    """The device that renders."""

    device: str
    """torch's name of it, such as `cuda:1`."""

    name: str = ""
    """The card's or processor's."""

    memory_bytes: int | None = None
    """Of the device; on a CPU the machine's RAM. None where it is not known."""

    precision: str | None = None
    """Number format of the weights, such as `fp16`; None until torch is loaded."""

    attention: str | None = None
    """The kernel that attention runs in, such as `flash`; None until torch is loaded."""

    problem: Message | None = None
    """Why the device, or a graphics card that is there, cannot be used."""


@dataclass(frozen=True)
class EngineStats:
    """What each cache holds with its hits and misses, and what the device did since the start."""

    base_models: TieredCacheStats
    controlnets: TieredCacheStats
    vaes: TieredCacheStats
    embeddings: CacheStats
    latents: CacheStats
    control_maps: CacheStats
    lora_files: CacheStats

    ip_adapters: TieredCacheStats
    image_encoders: TieredCacheStats
    encoded_images: CacheStats
    """Of references."""

    device: DeviceInfo | None = None

    busy_seconds: float = 0.0
    """Seconds in which jobs were loaded and rendered: in all others the device waits for a job."""

    graph_captures: int = 0
    """CUDA graphs that were captured."""

    graph_hits: int = 0
    """Denoising steps and decodings that replayed one."""

    graph_fallbacks: int = 0
    """Those that ran without one, since it could not be captured."""

    graph_bytes: int = 0
    """Device memory that the captured graphs hold."""

    oom_steps: Mapping[str, int] = field(default_factory=dict)
    """How often each step against lack of memory was taken, by its name."""
