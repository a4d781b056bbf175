"""Wires the services of themes: deployments with their preflight, import and export."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from studio.composition.models import ModelServices
from studio.composition.rendering import gb_to_bytes
from studio.composition.stores import Stores
from studio.services.moderation_service import ModerationService
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.render_service import RenderService
from studio.services.themes.bundled_content import SampleDoodle, load_sample_doodles
from studio.services.themes.deployment_service import DeploymentService
from studio.services.themes.preflight import PreflightChecker
from studio.services.themes.theme_transfer import ThemeImportExport
from studio.settings import Settings, bundled_path


@dataclass(frozen=True)
class ThemeServices:
    """What operators do with theme versions, and the doodles that they are tried on."""

    deployments: DeploymentService
    transfer: ThemeImportExport
    sample_doodles: Sequence[SampleDoodle]


def build_themes(
    settings: Settings,
    stores: Stores,
    models: ModelServices,
    moderation: ModerationService,
    renders: RenderService,
) -> ThemeServices:
    """The services; `renders` makes the preview that a preflight looks at."""
    preflight = PreflightChecker(
        models.catalog,
        stores.base_images,
        stores.images,
        stores.variants,
        models.token_counter,
        stores.reports,
        partial(renders.render_preview, priority=Priority.BACKGROUND),
        moderation.health_problem,
        gb_to_bytes(settings.max_device_memory_gb),
    )
    return ThemeServices(
        DeploymentService(stores.themes, stores.deployments, preflight),
        ThemeImportExport(stores.themes, stores.base_images, models.catalog, stores.images),
        load_sample_doodles(bundled_path("assets") / "doodles"),
    )
