"""Describes one model in the user's directories by its headers or configuration, whatever is in its files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.errors import CorruptModelError, IncompatibleModelError, StudioError
from studio.models.folder_config import family_of_directory
from studio.models.identification import ModelIdentity, identify_model
from studio.models.types import ListedModel
from studio.models.weights import list_weight_files, loaded_files
from studio.recipes.generation.recipe import KIND_NAMES, ModelType


def watched_files(path: Path) -> list[Path]:
    """The files that a model's description depends on."""
    return [path, path.with_suffix(".yaml"), *path.rglob("*")]


def describe_model(kind: ModelType, name: str, path: Path) -> ListedModel:
    """Reads a model's headers or configuration. Raises as `ModelCatalog.get`."""
    with inspection_errors(kind, name, path):
        list_weight_files(path)
        identity = _identify(kind, path)
        return ListedModel(
            kind=kind,
            name=name,
            family=identity.family,
            path=path,
            size_bytes=sum(file.stat().st_size for file in loaded_files(path)),
            trigger_words=identity.trigger_words,
            prediction_type=identity.prediction_type,
        )


@contextmanager
def inspection_errors(kind: ModelType, name: str, path: Path) -> Iterator[None]:
    """Maps the errors of the block to those of `ModelCatalog.get`."""
    try:
        yield
    except CorruptModelError as error:
        if path.is_file():
            raise
        raise CorruptModelError(
            "model.damaged", kind=KIND_NAMES[kind], name=name, reason=error.message
        ) from None
    except StudioError:
        raise
    except Exception as error:
        # A file from outside can cause any exception; none may break the list of all models.
        raise _inspection_error(error, kind, name) from error


def _inspection_error(error: Exception, kind: ModelType, name: str) -> CorruptModelError:
    if isinstance(error, OSError):
        reason = f"{error.strerror}: {error.filename}"
        return CorruptModelError(
            "model.not_readable", kind=KIND_NAMES[kind], name=name, reason=reason
        )
    reason = f"{type(error).__name__}: {str(error)[:200]}"
    return CorruptModelError("model.not_usable", kind=KIND_NAMES[kind], name=name, reason=reason)


def _identify(kind: ModelType, path: Path) -> ModelIdentity:
    """Type and family, from a diffusers directory's configuration or a file's header."""
    if path.is_dir():
        return ModelIdentity(kind, family_of_directory(kind, path))
    identity = identify_model(path)
    if identity.kind != kind:
        raise IncompatibleModelError(
            "model.in_wrong_folder",
            file=path.name,
            found=KIND_NAMES[identity.kind],
            kind=KIND_NAMES[kind],
        )
    return identity
