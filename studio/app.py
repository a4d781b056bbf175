"""The composition root: puts the stores and services together, by the builders of `composition`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studio.composition.evaluation import EvaluationServices, build_evaluation
from studio.composition.models import ModelServices, build_models
from studio.composition.moderation import build_moderation
from studio.composition.rendering import RenderingServices, build_rendering
from studio.composition.requests import RequestServices, build_requests
from studio.composition.stores import Stores, open_stores
from studio.composition.themes import ThemeServices, build_themes
from studio.imaging.png_io import limit_pillow
from studio.safety.image_classifier import ImageClassifier
from studio.services.background_tasks import BackgroundTasks
from studio.services.moderation_service import ModerationService
from studio.services.rendering.renderer import Renderer
from studio.services.themes.bundled_content import install_base_images, install_bundled_themes
from studio.services.themes.theme_images import ThemeImages
from studio.settings import Settings, bundled_path


@dataclass(frozen=True)
class AppContainer:
    """The wired application, by concern; whoever needs one concern takes that container alone."""

    settings: Settings
    stores: Stores
    models: ModelServices
    moderation: ModerationService
    rendering: RenderingServices
    authoring: ThemeServices
    serving: RequestServices
    evaluation: EvaluationServices
    theme_images: ThemeImages
    background_tasks: BackgroundTasks

    def start(self, renders_here: bool = True) -> None:
        """Starts, in the background, what a server does when it begins.

        It hashes models and, when it `renders_here`, looks at the device.
        """
        self.models.hashing.start()
        if renders_here:
            self.rendering.device_probe.start()

    def close(self) -> None:
        """Finishes queued renders, ends the render thread and closes the database's connections."""
        self.rendering.warm_up.stop()
        self.rendering.renders.close()
        self.stores.database.close()


def create_app_container(
    settings: Settings,
    renderer_factory: Callable[[], Renderer] | None = None,
    image_classifier: ImageClassifier | None = None,
) -> AppContainer:
    """Opens the data directory, creates what is missing in it, and wires the services.

    Args:
        settings: where everything is.
        renderer_factory: makes what renders, when it is first needed; the engine by default.
        image_classifier: replaces the classifiers of image moderation.

    Raises:
        StorageUnavailableError: the data directory or the database cannot be used.
        SchemaTooNewError: a newer version of the studio has upgraded the database.
    """
    stores = open_stores(settings)
    limit_pillow()
    models = build_models(settings)
    install_base_images(bundled_path("assets") / "base_images", stores.base_images)
    install_bundled_themes(bundled_path("presets"), stores.themes, models.catalog)
    moderation = build_moderation(settings, stores.audit_log, image_classifier)
    rendering = build_rendering(settings, stores, models.catalog, moderation, renderer_factory)
    authoring = build_themes(settings, stores, models, moderation, rendering.renders)
    serving = build_requests(settings, stores, authoring.deployments, rendering, moderation)
    background_tasks = BackgroundTasks()
    evaluation = build_evaluation(stores, rendering, authoring.sample_doodles, background_tasks)
    theme_images = ThemeImages(
        stores.variants,
        stores.base_images,
        evaluation.suites,
        authoring.sample_doodles,
        stores.thumbnails,
        Path(__file__).parent / "web" / "examples",
    )
    return AppContainer(
        settings=settings,
        stores=stores,
        models=models,
        moderation=moderation,
        rendering=rendering,
        authoring=authoring,
        serving=serving,
        evaluation=evaluation,
        theme_images=theme_images,
        background_tasks=background_tasks,
    )
