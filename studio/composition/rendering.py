"""Wires rendering: the engine, the render queue of this process, the cache of evaluations' images."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studio.composition.stores import Stores
from studio.models.catalog import ModelCatalog
from studio.services.device_probe import DeviceProbe
from studio.services.metrics import EngineCollector, QueueCollector
from studio.services.moderation_service import ModerationService
from studio.services.rendering.render_cache import RenderCache
from studio.services.rendering.render_queue import RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.renderer import Renderer
from studio.services.rendering.sweep import sweep_cache
from studio.services.rendering.warm_up import WarmUp, jobs_of_latest_theme
from studio.services.requests.request_factory import RequestFactory
from studio.settings import Settings


@dataclass(frozen=True)
class RenderingServices:
    """What turns inputs into requests and requests into variants."""

    request_factory: RequestFactory
    renders: RenderService
    cache: RenderCache
    grid_cache: RenderCache
    device_probe: DeviceProbe
    warm_up: WarmUp


def build_rendering(
    settings: Settings,
    stores: Stores,
    catalog: ModelCatalog,
    moderation: ModerationService,
    renderer_factory: Callable[[], Renderer] | None,
) -> RenderingServices:
    """The services that render in this process; without a `renderer_factory` by the engine."""
    renders = RenderService(
        stores.base_images,
        stores.variants,
        RenderQueue(),
        renderer_factory or partial(_build_engine, settings, catalog),
        moderate=moderation.moderate_output,
    )
    renders.metrics.registry.register(EngineCollector(renders.engine_status))
    renders.metrics.registry.register(QueueCollector(stores.jobs.stats))
    return RenderingServices(
        RequestFactory(stores.base_images, catalog, stores.images, moderation),
        renders,
        RenderCache(settings.data_dir / "album", renders),
        sweep_cache(renders, settings.data_dir / "sweeps"),
        DeviceProbe(settings),
        WarmUp(
            renders,
            partial(jobs_of_latest_theme, stores.themes, stores.base_images),
            settings.max_models_in_ram,
        ),
    )


def _build_engine(settings: Settings, catalog: ModelCatalog) -> Renderer:
    # Imports torch: only when something is rendered.
    from studio.engine.engine import Engine
    from studio.engine.memory.cache_limits import CacheLimits
    from studio.engine.options import EngineOptions

    limits = CacheLimits(
        max_device_models=settings.max_models_on_device,
        max_ram_models=settings.max_models_in_ram,
        device_bytes=gb_to_bytes(settings.max_device_memory_gb),
        ram_bytes=gb_to_bytes(settings.max_host_memory_gb),
    )
    options = EngineOptions(
        settings.precision,
        settings.disable_approximations,
        settings.torch_compile,
        settings.cuda_graphs,
        settings.batch_variants,
        settings.job_timeout_seconds,
    )
    return Engine(catalog, settings.device, limits, options=options)


def gb_to_bytes(gigabytes: float | None) -> int | None:
    """Decimal gigabytes (10^9 bytes); None is no limit."""
    return None if gigabytes is None else int(gigabytes * 1e9)
