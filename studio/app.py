"""The one place that picks concrete classes and puts the studio together."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studio.engine.safety_checker import SafetyChecker
from studio.errors import InvalidInputError, StorageUnavailableError
from studio.files import private_folder
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
    """Everything a page or a command needs, already wired."""

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
        """Lets what is queued finish, then ends the thread that renders and the database's
        connections."""
        self.renders.close()
        self.database.close()


def load_model_catalog(settings: Settings) -> ModelCatalog:
    """The models alone: needs no database, and no folder that can be written."""
    folders = (
        bundled_path("assets") / "models",
        settings.user_models_dir,
        *settings.extra_model_dirs,
    )
    return ModelCatalog(folders, HashCache(settings.data_dir / "hashes.json"))


def create_app_container(
    settings: Settings,
    renderer: Callable[[], Renderer] | None = None,
    judge: ImageClassifier | None = None,
) -> AppContainer:
    """Opens or makes the data directory, with what ships already in it. `renderer` stands in for
    the engine, `judge` for who judges pictures.

    Raises StoreUnavailable when it cannot be used, NewerStore when a newer studio wrote it.
    """
    try:
        private_folder(settings.data_dir)
    except OSError as error:
        raise StorageUnavailableError(
            "storage.cannot_make_home", folder=str(settings.data_dir), reason=str(error.strerror)
        ) from None
    limit_pillow()
    database = Database(settings.sqlalchemy_url)
    images = _build_image_store(settings)
    presets, bases = ThemeStore(database), BaseImageStore(database, images)
    install_base_images(bundled_path("assets") / "base_images", bases)
    catalog = load_model_catalog(settings)
    install_bundled_themes(bundled_path("presets"), presets, catalog)
    variants = VariantStore(database, images)
    tokens = TokenCounter(catalog, bundled_path("assets") / "configurations")

    def engine() -> Renderer:
        from studio.engine.engine import Engine
        from studio.engine.memory.model_cache import CacheLimits
        from studio.engine.options import EngineOptions

        limits = CacheLimits(
            max_device_models=settings.max_models_on_device,
            max_ram_models=settings.max_models_in_ram,
            device_bytes=_gb_to_bytes(settings.max_device_memory_gb),
            ram_bytes=_gb_to_bytes(settings.max_host_memory_gb),
        )
        ways = EngineOptions(
            settings.precision,
            settings.disable_approximations,
            settings.torch_compile,
            settings.job_timeout_seconds,
        )
        return Engine(catalog, settings.device, limits, ways=ways)

    deployments, reports = DeploymentStore(database), ReportStore(database)
    lists = WordLists((bundled_path("assets") / "words", settings.data_dir / "words"))
    safety = ModerationService(
        lists,
        judge or _build_image_classifier(settings),
        AuditLog(database),
        _build_moderation_client(settings),
    )
    intake = RequestFactory(bases, catalog, images, safety)
    rendering = RenderService(
        bases,
        variants,
        RenderQueue(),
        renderer or engine,
        batch=settings.batch_variants and not settings.disable_approximations,
        moderate=safety.moderate_output,
    )
    metrics = rendering.metrics
    metrics.registry.register(EngineCollector(rendering.engine_status))
    doodles = load_sample_doodles(bundled_path("assets") / "doodles")
    album, chores = RenderCache(settings.data_dir / "album", rendering), BackgroundTasks()
    costs = Costs(variants, album)
    gate = PreflightChecker(
        catalog, bases, images, variants, tokens, reports,
        partial(rendering.render_preview, priority=Priority.BACKGROUND), safety.health_problem, _gb_to_bytes(settings.max_device_memory_gb),
    )  # fmt: skip
    jobs = JobStore(database)
    metrics.registry.register(QueueCollector(jobs))
    runner = _runner(settings, rendering, jobs, variants, ServerLock(database.url))
    deploying = DeploymentService(presets, deployments, gate)
    return AppContainer(
        settings=settings,
        database=database,
        catalog=catalog,
        users=UserStore(database),
        themes=presets,
        base_images=bases,
        variants=variants,
        deployments=deploying,
        evaluations=EvaluationService(
            presets,
            deployments,
            reports,
            RobustnessSuite(bases, intake, album),
            RegressionSuite(bases, intake, album, doodles),
            chores,
            costs,
        ),
        blind_tests=BlindTestService(
            BlindTestStore(database), presets, bases, intake, album, doodles, chores, costs
        ),
        tuning=TuningService(
            OptunaJournalBackend(database), presets, bases, intake, album, doodles, chores, costs
        ),
        requests=RequestService(deploying, intake, bases, jobs, variants, runner),
        clients=ApiClientStore(database),
        moderation=safety,
        retention=RetentionService(
            RequestRetentionStore(database),
            variants,
            safety.audit,
            settings.request_retention_days,
            settings.audit_retention_days,
        ),
        theme_transfer=ThemeImportExport(presets, bases, catalog),
        background_tasks=chores,
        request_factory=intake,
        renders=rendering,
        model_downloads=ModelDownloads(settings),
        token_counter=tokens,
        sample_doodles=doodles,
    )


def _runner(
    settings: Settings,
    rendering: RenderService,
    jobs: JobStore,
    variants: VariantStore,
    lock: ServerLock,
) -> JobRunner:
    broker = settings.broker_url.get_secret_value()
    if not broker:
        return LocalRunner(rendering, jobs, variants, lock, settings.job_timeout_seconds)
    from studio.services.requests.celery_runner import CeleryRunner

    return CeleryRunner(broker, settings.job_timeout_seconds, jobs)


def _build_image_store(settings: Settings) -> ImageStore:
    if not settings.image_store_url:
        return FileImageStore(settings.images_dir)
    from studio.store.images.bucket import BucketImageStore

    return BucketImageStore(settings.image_store_url)


def _build_image_classifier(settings: Settings) -> ImageClassifier:
    """The judge that ships, and Stable Diffusion's safety checker from the first folder that has it."""
    places = (
        folder / "safety_checker"
        for folder in (settings.user_models_dir, *settings.extra_model_dirs)
    )
    checkers = (SafetyChecker(place) for place in places if (place / "config.json").exists())
    return CompositeClassifier(OpenNsfwClassifier(), *itertools.islice(checkers, 1))


def _build_moderation_client(settings: Settings) -> ExternalModerator | None:
    secret = settings.moderation_secret.get_secret_value()
    if not settings.moderation_url:
        return None
    if not secret:
        raise InvalidInputError("moderation.secret_missing")
    return WebhookModerator(settings.moderation_url, secret)


def _gb_to_bytes(gigabytes: float | None) -> int | None:
    return None if gigabytes is None else int(gigabytes * 1e9)
