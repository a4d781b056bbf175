"""Opens what is persistent: the data directory, the database and the image store."""

from dataclasses import dataclass

from studio.errors import StorageUnavailableError
from studio.files import ensure_private_dir
from studio.services.thumbnails import ThumbnailCache, ThumbnailedImageStore
from studio.settings import Settings
from studio.store.api_clients import ApiClientStore
from studio.store.audit_log import AuditLog
from studio.store.base_images import BaseImageStore
from studio.store.blind_tests import BlindTestStore
from studio.store.database import Database
from studio.store.deployments import DeploymentStore
from studio.store.evaluation_reports import ReportStore
from studio.store.grids import GridStore
from studio.store.images.files import FileImageStore, ImageStore
from studio.store.jobs import JobStore
from studio.store.saved_searches import SavedSearchStore
from studio.store.selections import SelectionStore
from studio.store.theme_reviews import ThemeReviewStore
from studio.store.themes import ThemeStore
from studio.store.users import UserStore
from studio.store.variant_labels import VariantLabelStore
from studio.store.variants import VariantStore


@dataclass(frozen=True)
class Stores:
    """The stores, one for each aggregate, over one database and one image store."""

    database: Database
    images: ImageStore
    thumbnails: ThumbnailCache
    users: UserStore
    clients: ApiClientStore
    themes: ThemeStore
    theme_reviews: ThemeReviewStore
    deployments: DeploymentStore
    base_images: BaseImageStore
    variants: VariantStore
    selections: SelectionStore
    variant_labels: VariantLabelStore
    saved_searches: SavedSearchStore
    jobs: JobStore
    reports: ReportStore
    blind_tests: BlindTestStore
    grids: GridStore
    audit_log: AuditLog


def open_stores(settings: Settings) -> Stores:
    """Creates the data directory where it is missing, and upgrades the database's schema.

    Raises:
        StorageUnavailableError: the data directory or the database cannot be used.
        SchemaTooNewError: a newer version of the studio has upgraded the database.
    """
    _create_data_dir(settings)
    database = Database(settings.sqlalchemy_url)
    thumbnails = ThumbnailCache(settings.data_dir / "thumbnails")
    images = ThumbnailedImageStore(_build_image_store(settings), thumbnails)
    return Stores(
        database=database,
        images=images,
        thumbnails=thumbnails,
        users=UserStore(database),
        clients=ApiClientStore(database),
        themes=ThemeStore(database),
        theme_reviews=ThemeReviewStore(database),
        deployments=DeploymentStore(database),
        base_images=BaseImageStore(database, images),
        variants=VariantStore(database, images),
        selections=SelectionStore(database),
        variant_labels=VariantLabelStore(database),
        saved_searches=SavedSearchStore(database),
        jobs=JobStore.open(database),
        reports=ReportStore(database),
        blind_tests=BlindTestStore(database),
        grids=GridStore(database),
        audit_log=AuditLog(database),
    )


def _create_data_dir(settings: Settings) -> None:
    try:
        ensure_private_dir(settings.data_dir)
    except OSError as error:
        raise StorageUnavailableError(
            "storage.home_not_writable", folder=str(settings.data_dir), reason=str(error.strerror)
        ) from None


def _build_image_store(settings: Settings) -> ImageStore:
    if not settings.image_store_url:
        return FileImageStore(settings.images_dir)
    from studio.store.images.bucket import BucketImageStore

    return BucketImageStore(settings.image_store_url)
