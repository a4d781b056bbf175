"""The catalog of installed models: those that ship with the product, and those in the user's directories."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from studio.errors import (
    IncompatibleModelError,
    ModelError,
    NotFoundError,
)
from studio.messages import Message, message
from studio.models.discovery import find_pickled_weights, find_preview_image, scan_models
from studio.models.file_cache import FileDependentCache
from studio.models.inspection import describe_model, inspection_errors, watched_files
from studio.models.types import DIR_BY_TYPE, ListedModel, ModelInfo
from studio.models.weights import HashCache, list_weight_files
from studio.recipes.generation.recipe import (
    KIND_NAMES,
    MAX_MODEL_NAME,
    ModelRef,
    ModelType,
    is_model_name,
)


@dataclass(frozen=True)
class _ScannedType:
    """Models of one type by name, and the paths that cannot be used, with the reason."""

    paths: Mapping[str, Path]
    problems: tuple[tuple[Path, Message], ...]


class ModelCatalog:
    """Models by type and name in several directories.

    Args:
        directories: if a name occurs in several, the first one takes precedence.
        hashes: cache of the models' hashes.
    """

    def __init__(self, directories: Sequence[Path], hashes: HashCache) -> None:
        self._directories = tuple(directories)
        self._hashes = hashes
        self._scan_cache: FileDependentCache[_ScannedType] = FileDependentCache()
        self._description_cache: FileDependentCache[ListedModel] = FileDependentCache()
        self._model_cache: FileDependentCache[ModelInfo] = FileDependentCache()

    def list_files(self, kind: ModelType | None = None) -> tuple[ListedModel, ...]:
        """All usable models as `list_models`, at once: without the hashes that are not known yet."""
        kinds: tuple[ModelType, ...] = (kind,) if kind else tuple(DIR_BY_TYPE)
        models: list[ListedModel] = []
        for listed_kind in kinds:
            for name, path in sorted(self._paths(listed_kind).items()):
                with suppress(ModelError, OSError):
                    model = self._description(listed_kind, name, path)
                    sha256 = self._hashes.cached(list_weight_files(path))
                    models.append(replace(model, sha256=sha256))
        return tuple(models)

    def hash_of(self, model: ListedModel) -> str:
        """The hash over a model's files, which takes seconds for each gigabyte when it is not known.

        Raises OSError and ModelError when a file cannot be read.
        """
        return self._hashes.sha256_of(list_weight_files(model.path))

    def list_models(self, kind: ModelType | None = None) -> tuple[ModelInfo, ...]:
        """All usable models, sorted by type and name; the others are in `list_problems`."""
        kinds: tuple[ModelType, ...] = (kind,) if kind else tuple(DIR_BY_TYPE)
        models: list[ModelInfo] = []
        for listed_kind in kinds:
            for name, path in sorted(self._paths(listed_kind).items()):
                try:
                    models.append(self._model(listed_kind, name, path))
                except ModelError:
                    continue
        return tuple(models)

    def list_names(self, kind: ModelType) -> tuple[str, ...]:
        """The names of all models of a type, sorted, without reading or hashing files."""
        return tuple(sorted(self._paths(kind)))

    def preview_image(self, kind: ModelType, name: str) -> Path | None:
        """A file with a sample image of the model, or None."""
        path = self._paths(kind).get(name)
        return None if path is None else find_preview_image(path, self._directories)

    def get(self, kind: ModelType, ref: ModelRef) -> ModelInfo:
        """The model that a recipe refers to.

        Raises:
            NotFoundError: there is no model of that name.
            IncompatibleModelError: its hash is not the one in `ref`, or the studio cannot use it.
            CorruptModelError: it cannot be read.
        """
        path = self._paths(kind).get(ref.name)
        if path is None:
            raise self._not_found(kind, ref.name)
        model = self._model(kind, ref.name, path)
        if ref.sha256 is not None and ref.sha256 != model.sha256:
            raise IncompatibleModelError(
                "model.hash_mismatch",
                kind=KIND_NAMES[kind],
                name=ref.name,
                found=model.sha256[:10],
                wanted=ref.sha256[:10],
            )
        return model

    def _not_found(self, kind: ModelType, name: str) -> NotFoundError:
        return NotFoundError(
            "model.not_found",
            kind=KIND_NAMES[kind],
            name=name,
            available=self.list_names(kind) or message("list.none"),
            folder=str(self._directories[-1] / DIR_BY_TYPE[kind]),
            option=kind,
        )

    def list_problems(self) -> tuple[tuple[Path, Message], ...]:
        """All paths in the model directories that cannot be used, with the reason."""
        problems: list[tuple[Path, Message]] = []
        for kind in DIR_BY_TYPE:
            problems += self._scanned(kind).problems
            for name, path in sorted(self._paths(kind).items()):
                try:
                    self._description(kind, name, path)
                except ModelError as error:
                    problems.append((path, error.message))
        for directory in self._directories:
            problems += [
                (path, message("model.file_pickled", file=path.name))
                for path in find_pickled_weights(directory)
            ]
        return tuple((path, _encodable(reason)) for path, reason in problems)

    def _paths(self, kind: ModelType) -> Mapping[str, Path]:
        return self._scanned(kind).paths

    def _scanned(self, kind: ModelType) -> _ScannedType:
        return self._scan_cache.get_or_compute(kind, lambda: self._scan(kind))

    def _scan(self, kind: ModelType) -> tuple[_ScannedType, Sequence[Path]]:
        paths: dict[str, Path] = {}
        problems: list[tuple[Path, Message]] = []
        watched_paths: list[Path] = []
        for directory in reversed(self._directories):
            result = scan_models(directory, kind)
            problems += [
                (path, message("model.folder_not_readable", folder=str(path), reason=reason))
                for path, reason in result.unreadable
            ]
            for path in result.models:
                if is_model_name(_name(path)):
                    paths[_name(path)] = path
                else:
                    problems.append((path, _invalid_name(kind, path.name)))
            watched_paths += result.watched_paths
        return _ScannedType(paths, tuple(problems)), watched_paths

    def _model(self, kind: ModelType, name: str, path: Path) -> ModelInfo:
        """A model, inspected again only when one of its files has changed: every request needs it."""
        return self._model_cache.get_or_compute(
            (kind, name, path),
            lambda: (self._inspect(kind, name, path), watched_files(path)),
        )

    def _description(self, kind: ModelType, name: str, path: Path) -> ListedModel:
        return self._description_cache.get_or_compute(
            (kind, name, path), lambda: (describe_model(kind, name, path), watched_files(path))
        )

    def _inspect(self, kind: ModelType, name: str, path: Path) -> ModelInfo:
        """Reads a model's headers and hash. Raises CorruptModelError or IncompatibleModelError."""
        model = self._description(kind, name, path)
        with inspection_errors(kind, name, path):
            return ModelInfo(**vars(replace(model, sha256=self.hash_of(model))))


def _invalid_name(kind: ModelType, name: str) -> Message:
    return message(
        "model.name_unusable", kind=KIND_NAMES[kind], name=repr(name), most=MAX_MODEL_NAME
    )


Text = TypeVar("Text")


def _encodable(value: Text) -> Text:
    """A message, or a parameter of one, that UTF-8 can encode: a file name may contain any bytes."""
    result: Any = value
    if isinstance(value, str):
        result = value.encode(errors="backslashreplace").decode()
    elif isinstance(value, Message):
        params = {name: _encodable(param) for name, param in value.params.items()}
        result = message(_encodable(value.id), **params)
    elif isinstance(value, list):
        result = [_encodable(item) for item in value]
    return cast(Text, result)


def _name(path: Path) -> str:
    return path.stem if path.is_file() else path.name
