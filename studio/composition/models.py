"""Wires what knows the installed models: the catalog, downloads and the token counter."""

from dataclasses import dataclass

from studio.models.background_hashing import BackgroundHashing
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.services.model_downloads import ModelDownloads
from studio.services.themes.token_counter import TokenCounter
from studio.settings import Settings, bundled_path


@dataclass(frozen=True)
class ModelServices:
    """The installed models, what installs more, and the tokenizers of the base models."""

    catalog: ModelCatalog
    hashing: BackgroundHashing
    downloads: ModelDownloads
    token_counter: TokenCounter


def load_model_catalog(settings: Settings) -> ModelCatalog:
    """The model catalog alone; needs neither a database nor a writable directory."""
    directories = (
        bundled_path("assets") / "models",
        settings.user_models_dir,
        *settings.extra_model_dirs,
    )
    return ModelCatalog(directories, HashCache(settings.data_dir / "hashes.json"))


def build_models(settings: Settings) -> ModelServices:
    """The services over the model directories of `settings`."""
    catalog = load_model_catalog(settings)
    token_counter = TokenCounter(catalog, bundled_path("assets") / "configurations")
    return ModelServices(
        catalog, BackgroundHashing(catalog), ModelDownloads(settings), token_counter
    )
