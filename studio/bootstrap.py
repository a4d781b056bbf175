"""The one place that picks concrete classes and puts the studio together."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studio.engine.checker import SafetyChecker
from studio.errors import InputError, StoreUnavailable
from studio.files import private_folder
from studio.imaging.limits import limit_pillow
from studio.library.catalogue import Catalogue
from studio.library.files import Hashes
from studio.safety.lists import WordLists
from studio.safety.moderation import Moderator, Webhook
from studio.safety.pictures import Judges, OpenNsfw, PictureJudge
from studio.service.album import Album
from studio.service.chores import Chores
from studio.service.costs import Costs
from studio.service.deploying import Deploying
from studio.service.gate import Gate
from studio.service.intake import Intake
from studio.service.keeping import Keeping
from studio.service.lane import Lane, Priority
from studio.service.metrics import EngineFigures, QueueFigures
from studio.service.packaging import Packaging
from studio.service.pulling import Pulls
from studio.service.regression import RegressionSheet
from studio.service.rendering import Renderer, RenderService
from studio.service.reviewing import Reviewing
from studio.service.robustness import RobustnessPack
from studio.service.runner import InProcess, Runner
from studio.service.safety import Safety
from studio.service.serving import Serving
from studio.service.shipped import TestDoodle, doodle_pack, install_base_images, install_presets
from studio.service.tokens import TokenCounter
from studio.service.tuning import Tuning
from studio.service.voting import Voting
from studio.settings import Settings, shipped
from studio.store.aging import AgedRequests
from studio.store.audit import AuditStore
from studio.store.base_images import BaseImageStore
from studio.store.clients import ClientStore
from studio.store.contests import ContestStore
from studio.store.database import Database
from studio.store.deployments import DeploymentStore
from studio.store.jobs import JobStore
from studio.store.locks import ServerLock
from studio.store.pictures import PictureFiles, Pictures
from studio.store.presets import PresetStore
from studio.store.reports import ReportStore
from studio.store.studies import StudyJournal
from studio.store.users import UserStore
from studio.store.variants import VariantStore


@dataclass(frozen=True)
class Studio:
    """Everything a page or a command needs, already wired."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    users: UserStore
    presets: PresetStore
    bases: BaseImageStore
    variants: VariantStore
    deploying: Deploying
    reviewing: Reviewing
    voting: Voting
    tuning: Tuning
    packaging: Packaging
    serving: Serving
    clients: ClientStore
    safety: Safety
    keeping: Keeping
    chores: Chores
    intake: Intake
    rendering: RenderService
    pulls: Pulls
    tokens: TokenCounter
    doodles: tuple[TestDoodle, ...]

    def close(self) -> None:
        """Lets what is queued finish, then ends the thread that renders and the database's
        connections."""
        self.rendering.close()
        self.database.close()


def open_catalogue(settings: Settings) -> Catalogue:
    """The models alone: needs no database, and no folder that can be written."""
    folders = (shipped("assets") / "models", settings.models_home, *settings.model_folders)
    return Catalogue(folders, Hashes(settings.home / "hashes.json"))


def open_studio(
    settings: Settings,
    renderer: Callable[[], Renderer] | None = None,
    judge: PictureJudge | None = None,
) -> Studio:
    """Opens or makes the data directory, with what ships already in it. `renderer` stands in for
    the engine, `judge` for who judges pictures.

    Raises StoreUnavailable when it cannot be used, NewerStore when a newer studio wrote it.
    """
    try:
        private_folder(settings.home)
    except OSError as error:
        raise StoreUnavailable(
            "storage.cannot_make_home", folder=str(settings.home), reason=str(error.strerror)
        ) from None
    limit_pillow()
    database = Database(settings.database_url)
    pictures = _pictures(settings)
    presets, bases = PresetStore(database), BaseImageStore(database, pictures)
    install_base_images(shipped("assets") / "base_images", bases)
    catalogue = open_catalogue(settings)
    install_presets(shipped("presets"), presets, catalogue)
    variants = VariantStore(database, pictures)
    tokens = TokenCounter(catalogue, shipped("assets") / "configurations")

    def engine() -> Renderer:
        from studio.engine.engine import Engine
        from studio.engine.stock import Limits
        from studio.engine.ways import Ways

        limits = Limits(
            base_models=settings.resident_base_models,
            base_models_in_ram=settings.ram_base_models,
            device_bytes=_bytes(settings.device_gb),
            ram_bytes=_bytes(settings.ram_gb),
        )
        ways = Ways(settings.precision, settings.exact, settings.compile, settings.job_seconds)
        return Engine(catalogue, settings.device, limits, ways=ways)

    deployments, reports = DeploymentStore(database), ReportStore(database)
    lists = WordLists((shipped("assets") / "words", settings.home / "words"))
    safety = Safety(lists, judge or _judge(settings), AuditStore(database), _moderator(settings))
    intake = Intake(bases, catalogue, pictures, safety)
    rendering = RenderService(
        bases,
        variants,
        Lane(),
        renderer or engine,
        batch=settings.batch and not settings.exact,
        judge=safety.picture,
    )
    metrics = rendering.metrics
    metrics.registry.register(EngineFigures(rendering.engine_status))
    doodles = doodle_pack(shipped("assets") / "doodles")
    album, chores = Album(settings.home / "album", rendering), Chores()
    costs = Costs(variants, album)
    gate = Gate(
        catalogue, bases, pictures, variants, tokens, reports,
        partial(rendering.glimpse, priority=Priority.BULK), safety.ails, _bytes(settings.device_gb),
    )  # fmt: skip
    jobs = JobStore(database)
    metrics.registry.register(QueueFigures(jobs))
    runner = _runner(settings, rendering, jobs, variants, ServerLock(database.url))
    deploying = Deploying(presets, deployments, gate)
    return Studio(
        settings=settings,
        database=database,
        catalogue=catalogue,
        users=UserStore(database),
        presets=presets,
        bases=bases,
        variants=variants,
        deploying=deploying,
        reviewing=Reviewing(
            presets,
            deployments,
            reports,
            RobustnessPack(bases, intake, album),
            RegressionSheet(bases, intake, album, doodles),
            chores,
            costs,
        ),
        voting=Voting(
            ContestStore(database), presets, bases, intake, album, doodles, chores, costs
        ),
        tuning=Tuning(
            StudyJournal(database), presets, bases, intake, album, doodles, chores, costs
        ),
        serving=Serving(deploying, intake, bases, jobs, variants, runner),
        clients=ClientStore(database),
        safety=safety,
        keeping=Keeping(
            AgedRequests(database),
            variants,
            safety.audit,
            settings.request_days,
            settings.record_days,
        ),
        packaging=Packaging(presets, bases, catalogue),
        chores=chores,
        intake=intake,
        rendering=rendering,
        pulls=Pulls(settings),
        tokens=tokens,
        doodles=doodles,
    )


def _runner(
    settings: Settings,
    rendering: RenderService,
    jobs: JobStore,
    variants: VariantStore,
    lock: ServerLock,
) -> Runner:
    broker = settings.broker.get_secret_value()
    if not broker:
        return InProcess(rendering, jobs, variants, lock, settings.job_seconds)
    from studio.service.fleet import Fleet

    return Fleet(broker, settings.job_seconds, jobs)


def _pictures(settings: Settings) -> Pictures:
    if not settings.picture_store:
        return PictureFiles(settings.pictures)
    from studio.store.bucket import PictureBucket

    return PictureBucket(settings.picture_store)


def _judge(settings: Settings) -> PictureJudge:
    """The judge that ships, and Stable Diffusion's safety checker from the first folder that has it."""
    places = (
        folder / "safety_checker" for folder in (settings.models_home, *settings.model_folders)
    )
    checkers = (SafetyChecker(place) for place in places if (place / "config.json").exists())
    return Judges(OpenNsfw(), *itertools.islice(checkers, 1))


def _moderator(settings: Settings) -> Moderator | None:
    secret = settings.moderation_secret.get_secret_value()
    if not settings.moderation_url:
        return None
    if not secret:
        raise InputError("moderation.secret_missing")
    return Webhook(settings.moderation_url, secret)


def _bytes(gigabytes: float | None) -> int | None:
    return None if gigabytes is None else int(gigabytes * 1e9)
