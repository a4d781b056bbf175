"""The composition root: picks the concrete classes and wires the services."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studio.engine.safety_checker import SafetyChecker
from studio.errors import InvalidInputError, StorageUnavailableError
from studio.files import ensure_private_dir
from studio.imaging.png_io import limit_pillow
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.safety.image_classifier import CompositeClassifier, ImageClassifier, OpenNsfwClassifier
from studio.safety.webhook import ExternalModerator, WebhookModerator
from studio.safety.word_lists import WordLists
from studio.services.background_tasks import BackgroundTasks
from studio.services.cost_estimates import Costs
from studio.services.evaluation.blind_test_service import BlindTestService
from studio.services.evaluation.evaluation_service import EvaluationService
from studio.services.evaluation.regression import RegressionSuite
from studio.services.evaluation.robustness import RobustnessSuite
from studio.services.evaluation.tuning_service import TuningService
from studio.services.metrics import EngineCollector, QueueCollector
from studio.services.model_downloads import ModelDownloads
from studio.services.moderation_service import ModerationService
from studio.services.rendering.render_cache import RenderCache
from studio.services.rendering.render_queue import Priority, RenderQueue
from studio.services.rendering.render_service import RenderService
from studio.services.rendering.renderer import Renderer
from studio.services.requests.request_factory import RequestFactory
from studio.services.requests.request_service import RequestService
from studio.services.requests.retention import RetentionService
from studio.services.requests.runner import JobRunner, LocalRunner
from studio.services.themes.bundled_content import (
    SampleDoodle,
    install_base_images,
    install_bundled_themes,
    load_sample_doodles,
)
from studio.services.themes.deployment_service import DeploymentService
from studio.services.themes.preflight import PreflightChecker
from studio.services.themes.theme_transfer import ThemeImportExport
from studio.services.themes.token_counter import TokenCounter
from studio.settings import Settings, bundled_path
from studio.store.api_clients import ApiClientStore
from studio.store.audit_log import AuditLog
from studio.store.base_images import BaseImageStore
from studio.store.blind_tests import BlindTestStore
from studio.store.database import Database
from studio.store.deployments import DeploymentStore
from studio.store.evaluation_reports import ReportStore
from studio.store.images.files import FileImageStore, ImageStore
from studio.store.jobs import JobStore
from studio.store.locks import ServerLock
from studio.store.request_retention import RequestRetentionStore
from studio.store.themes import ThemeStore
from studio.store.tuning_journal import OptunaJournalBackend
from studio.store.users import UserStore
from studio.store.variants import VariantStore


@dataclass(frozen=True)
class AppContainer:
    """The wired services and stores for pages, routers, commands and workers."""

    settings: Settings
    database: Database
    catalog: ModelCatalog
    users: UserStore
    themes: ThemeStore
    base_images: BaseImageStore
    variants: VariantStore
    deployments: DeploymentService
    evaluations: EvaluationService
    blind_tests: BlindTestService
    tuning: TuningService
    theme_transfer: ThemeImportExport
    requests: RequestService
    clients: ApiClientStore
    moderation: ModerationService
    retention: RetentionService
    background_tasks: BackgroundTasks
    request_factory: RequestFactory
    renders: RenderService
    model_downloads: ModelDownloads
    token_counter: TokenCounter
    sample_doodles: tuple[SampleDoodle, ...]

    def close(self) -> None:
        """Finishes queued renders, ends the render thread and closes the database's connections."""
        self.renders.close()
        self.database.close()


@dataclass(frozen=True)
class _Stores:
    """What is persistent, opened."""

    database: Database
    images: ImageStore
    themes: ThemeStore
    base_images: BaseImageStore
    variants: VariantStore
    deployments: DeploymentStore
    reports: ReportStore
    jobs: JobStore


def load_model_catalog(settings: Settings) -> ModelCatalog:
    """The model catalog alone; needs neither a database nor a writable directory."""
    directories = (
        bundled_path("assets") / "models",
        settings.user_models_dir,
        *settings.extra_model_dirs,
    )
    return ModelCatalog(directories, HashCache(settings.data_dir / "hashes.json"))


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
    _create_data_dir(settings)
    limit_pillow()
    stores = _open_stores(settings)
    catalog = load_model_catalog(settings)
    install_base_images(bundled_path("assets") / "base_images", stores.base_images)
    install_bundled_themes(bundled_path("presets"), stores.themes, catalog)
    moderation = _build_moderation(settings, stores.database, image_classifier)
    engine = partial(_build_engine, settings, catalog)
    renders = _build_renders(settings, stores, moderation, renderer_factory or engine)
    request_factory = RequestFactory(stores.base_images, catalog, stores.images, moderation)
    token_counter = TokenCounter(catalog, bundled_path("assets") / "configurations")
    preflight = _build_preflight(settings, stores, catalog, token_counter, renders, moderation)
    deployments = DeploymentService(stores.themes, stores.deployments, preflight)
    sample_doodles = load_sample_doodles(bundled_path("assets") / "doodles")
    background_tasks = BackgroundTasks()
    render_cache = RenderCache(settings.data_dir / "album", renders)
    costs = Costs(stores.variants, render_cache)
    evaluation = (
        stores.themes,
        stores.base_images,
        request_factory,
        render_cache,
        sample_doodles,
        background_tasks,
        costs,
    )
    return AppContainer(
        settings=settings,
        database=stores.database,
        catalog=catalog,
        users=UserStore(stores.database),
        themes=stores.themes,
        base_images=stores.base_images,
        variants=stores.variants,
        deployments=deployments,
        evaluations=EvaluationService(
            stores.themes,
            stores.deployments,
            stores.reports,
            RobustnessSuite(stores.base_images, request_factory, render_cache),
            RegressionSuite(stores.base_images, request_factory, render_cache, sample_doodles),
            background_tasks,
            costs,
        ),
        blind_tests=BlindTestService(BlindTestStore(stores.database), *evaluation),
        tuning=TuningService(OptunaJournalBackend(stores.database), *evaluation),
        requests=RequestService(
            deployments,
            request_factory,
            stores.base_images,
            stores.jobs,
            stores.variants,
            _build_runner(settings, renders, stores),
        ),
        clients=ApiClientStore(stores.database),
        moderation=moderation,
        retention=RetentionService(
            RequestRetentionStore(stores.database),
            stores.variants,
            moderation.audit,
            settings.request_retention_days,
            settings.audit_retention_days,
        ),
        theme_transfer=ThemeImportExport(stores.themes, stores.base_images, catalog),
        background_tasks=background_tasks,
        request_factory=request_factory,
        renders=renders,
        model_downloads=ModelDownloads(settings),
        token_counter=token_counter,
        sample_doodles=sample_doodles,
    )


def _create_data_dir(settings: Settings) -> None:
    try:
        ensure_private_dir(settings.data_dir)
    except OSError as error:
        raise StorageUnavailableError(
            "storage.cannot_make_home", folder=str(settings.data_dir), reason=str(error.strerror)
        ) from None


def _open_stores(settings: Settings) -> _Stores:
    database = Database(settings.sqlalchemy_url)
    images = _build_image_store(settings)
    return _Stores(
        database=database,
        images=images,
        themes=ThemeStore(database),
        base_images=BaseImageStore(database, images),
        variants=VariantStore(database, images),
        deployments=DeploymentStore(database),
        reports=ReportStore(database),
        jobs=JobStore.open(database),
    )


def _build_image_store(settings: Settings) -> ImageStore:
    if not settings.image_store_url:
        return FileImageStore(settings.images_dir)
    from studio.store.images.bucket import BucketImageStore

    return BucketImageStore(settings.image_store_url)


def _build_engine(settings: Settings, catalog: ModelCatalog) -> Renderer:
    # Imports torch: only when something is rendered.
    from studio.engine.engine import Engine
    from studio.engine.memory.model_cache import CacheLimits
    from studio.engine.options import EngineOptions

    limits = CacheLimits(
        max_device_models=settings.max_models_on_device,
        max_ram_models=settings.max_models_in_ram,
        device_bytes=_gb_to_bytes(settings.max_device_memory_gb),
        ram_bytes=_gb_to_bytes(settings.max_host_memory_gb),
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


def _build_renders(
    settings: Settings,
    stores: _Stores,
    moderation: ModerationService,
    renderer_factory: Callable[[], Renderer],
) -> RenderService:
    renders = RenderService(
        stores.base_images,
        stores.variants,
        RenderQueue(),
        renderer_factory,
        moderate=moderation.moderate_output,
    )
    renders.metrics.registry.register(EngineCollector(renders.engine_status))
    renders.metrics.registry.register(QueueCollector(stores.jobs.stats))
    return renders


def _build_runner(settings: Settings, renders: RenderService, stores: _Stores) -> JobRunner:
    """Workers render where there is a broker, else this process."""
    broker_url = settings.broker_url.get_secret_value()
    if not broker_url:
        lock = ServerLock(stores.database.url)
        timeout = settings.job_timeout_seconds
        return LocalRunner(renders, stores.jobs, stores.variants, lock, timeout)
    from studio.services.requests.celery_runner import CeleryRunner

    return CeleryRunner(broker_url, settings.job_timeout_seconds, stores.jobs)


def _build_preflight(
    settings: Settings,
    stores: _Stores,
    catalog: ModelCatalog,
    token_counter: TokenCounter,
    renders: RenderService,
    moderation: ModerationService,
) -> PreflightChecker:
    return PreflightChecker(
        catalog,
        stores.base_images,
        stores.images,
        stores.variants,
        token_counter,
        stores.reports,
        partial(renders.render_preview, priority=Priority.BACKGROUND),
        moderation.health_problem,
        _gb_to_bytes(settings.max_device_memory_gb),
    )


def _build_moderation(
    settings: Settings, database: Database, image_classifier: ImageClassifier | None
) -> ModerationService:
    word_lists = WordLists((bundled_path("assets") / "words", settings.data_dir / "words"))
    return ModerationService(
        word_lists,
        image_classifier or _build_image_classifier(settings),
        AuditLog(database),
        _build_moderation_client(settings),
    )


def _build_image_classifier(settings: Settings) -> ImageClassifier:
    """open_nsfw, and Stable Diffusion's safety checker from the first directory that has it."""
    directories = (
        models / "safety_checker"
        for models in (settings.user_models_dir, *settings.extra_model_dirs)
    )
    checkers = (SafetyChecker(path) for path in directories if (path / "config.json").exists())
    return CompositeClassifier(OpenNsfwClassifier(), *itertools.islice(checkers, 1))


def _build_moderation_client(settings: Settings) -> ExternalModerator | None:
    secret = settings.moderation_secret.get_secret_value()
    if not settings.moderation_url:
        return None
    if not secret:
        raise InvalidInputError("moderation.secret_missing")
    return WebhookModerator(settings.moderation_url, secret)


def _gb_to_bytes(gigabytes: float | None) -> int | None:
    """Decimal gigabytes (10^9 bytes); None is no limit."""
    return None if gigabytes is None else int(gigabytes * 1e9)
