"""Which models exist: those that ship with the product and those in the user's folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from studio.errors import (
    CorruptModelError,
    IncompatibleModelError,
    ModelError,
    NotFoundError,
    StudioError,
)
from studio.messages import Message, message
from studio.models.discovery import find_pickled_weights, find_preview_image, scan_models
from studio.models.file_cache import FileDependentCache
from studio.models.folder_config import family_of_folder
from studio.models.safetensors_header import ModelIdentity, identify_model
from studio.models.types import DIR_BY_TYPE, ModelInfo
from studio.models.weights import HashCache, list_weight_files, loaded_files
from studio.recipes.generation.recipe import (
    KIND_NAMES,
    MAX_MODEL_NAME,
    ModelRef,
    ModelType,
    is_model_name,
)


@dataclass(frozen=True)
class _Listed:
    """Models of one kind by name, and what cannot be offered, with the reason."""

    paths: Mapping[str, Path]
    problems: tuple[tuple[Path, Message], ...]


class ModelCatalog:
    """Models by kind and name over several folders; earlier folders win a name."""

    def __init__(self, folders: Sequence[Path], hashes: HashCache) -> None:
        self._directories = tuple(folders)
        self._hashes = hashes
        self._listed: FileDependentCache[_Listed] = FileDependentCache()
        self._read: FileDependentCache[ModelInfo] = FileDependentCache()

    def list_models(self, kind: ModelType | None = None) -> tuple[ModelInfo, ...]:
        """Every readable model, sorted by kind and name; unreadable ones are left out."""
        kinds: tuple[ModelType, ...] = (kind,) if kind else tuple(DIR_BY_TYPE)
        found: list[ModelInfo] = []
        for each in kinds:
            for name, path in sorted(self._paths(each).items()):
                try:
                    found.append(self._model(each, name, path))
                except ModelError:
                    continue
        return tuple(found)

    def list_names(self, kind: ModelType) -> tuple[str, ...]:
        """The names alone, without reading or hashing anything."""
        return tuple(sorted(self._paths(kind)))

    def preview_image(self, kind: ModelType, name: str) -> Path | None:
        """A picture file that shows what a model draws, where its folder keeps one."""
        path = self._paths(kind).get(name)
        return None if path is None else find_preview_image(path, self._directories)

    def get(self, kind: ModelType, ref: ModelRef) -> ModelInfo:
        """The model a recipe refers to.

        Raises NotFound when there is none of that name, UnfitModel when its weights are not
        those the recipe was tuned with, DamagedModel when it cannot be read.
        """
        path = self._paths(kind).get(ref.name)
        if path is None:
            raise NotFoundError(
                "model.not_found",
                kind=KIND_NAMES[kind],
                name=ref.name,
                available=self.list_names(kind) or message("list.none"),
                folder=str(self._directories[-1] / DIR_BY_TYPE[kind]),
                option=kind,
            )
        model = self._model(kind, ref.name, path)
        if ref.sha256 is not None and ref.sha256 != model.sha256:
            raise IncompatibleModelError(
                "model.another_hash",
                kind=KIND_NAMES[kind],
                name=ref.name,
                found=model.sha256[:10],
                wanted=ref.sha256[:10],
            )
        return model

    def list_problems(self) -> tuple[tuple[Path, Message], ...]:
        """What lies among the models and cannot be used, with the reason."""
        found: list[tuple[Path, Message]] = []
        for kind in DIR_BY_TYPE:
            found += self._list(kind).problems
            for name, path in sorted(self._paths(kind).items()):
                try:
                    self._model(kind, name, path)
                except ModelError as error:
                    found.append((path, error.message))
        for folder in self._directories:
            found += [
                (path, message("model.file_pickled", file=path.name))
                for path in find_pickled_weights(folder)
            ]
        return tuple((path, _sendable(reason)) for path, reason in found)

    def _paths(self, kind: ModelType) -> Mapping[str, Path]:
        return self._list(kind).paths

    def _list(self, kind: ModelType) -> _Listed:
        return self._listed.get_or_compute(kind, lambda: self._scan(kind))

    def _scan(self, kind: ModelType) -> tuple[_Listed, Sequence[Path]]:
        paths: dict[str, Path] = {}
        problems: list[tuple[Path, Message]] = []
        looked_at: list[Path] = []
        for folder in reversed(self._directories):
            found = scan_models(folder, kind)
            problems += [
                (path, message("model.folder_not_readable", folder=str(path), reason=why))
                for path, why in found.unreadable
            ]
            for path in found.models:
                if is_model_name(_name(path)):
                    paths[_name(path)] = path
                else:
                    problems.append((path, _unnameable(kind, path.name)))
            looked_at += found.watched_paths
        return _Listed(paths, tuple(problems)), looked_at

    def _model(self, kind: ModelType, name: str, path: Path) -> ModelInfo:
        """Read once, and anew when a file of it has changed: every request asks."""
        return self._read.get_or_compute(
            (kind, name, path),
            lambda: (
                self._inspect(kind, name, path),
                [path, path.with_suffix(".yaml"), *path.rglob("*")],
            ),
        )

    def _inspect(self, kind: ModelType, name: str, path: Path) -> ModelInfo:
        try:
            files = list_weight_files(path)
            identity = _identify(kind, path)
            size = sum(file.stat().st_size for file in loaded_files(path))
            sha256 = self._hashes.sha256_of(files)
        except OSError as error:
            raise CorruptModelError(
                "model.not_readable",
                kind=KIND_NAMES[kind],
                name=name,
                reason=f"{error.strerror}: {error.filename}",
            ) from None
        except CorruptModelError as error:
            if path.is_file():
                raise
            raise CorruptModelError(
                "model.damaged", kind=KIND_NAMES[kind], name=name, reason=error.message
            ) from None
        except StudioError:
            raise
        except Exception as error:
            # Whatever else a file from outside may hold, it must not take the whole list with it.
            raise CorruptModelError(
                "model.not_usable",
                kind=KIND_NAMES[kind],
                name=name,
                reason=f"{type(error).__name__}: {str(error)[:200]}",
            ) from error
        return ModelInfo(
            kind=kind,
            name=name,
            family=identity.family,
            path=path,
            size_bytes=size,
            sha256=sha256,
            trigger_words=identity.triggers,
            prediction_type=identity.prediction,
        )


def _unnameable(kind: ModelType, name: str) -> Message:
    return message("model.unnameable", kind=KIND_NAMES[kind], name=repr(name), most=MAX_MODEL_NAME)


Sent = TypeVar("Sent")


def _sendable(value: Sent) -> Sent:
    """A message, or a parameter of one, as UTF-8 can carry it: a name on disk may be no valid text."""
    fitting: Any = value
    if isinstance(value, str):
        fitting = value.encode(errors="backslashreplace").decode()
    elif isinstance(value, Message):
        params = {name: _sendable(each) for name, each in value.params.items()}
        fitting = message(_sendable(value.id), **params)
    elif isinstance(value, list):
        fitting = [_sendable(each) for each in value]
    return cast(Sent, fitting)


def _name(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def _identify(kind: ModelType, path: Path) -> ModelIdentity:
    """What the model is. A diffusers folder says so in its configuration, a file in its header."""
    if path.is_dir():
        return ModelIdentity(kind, family_of_folder(kind, path))
    identity = identify_model(path)
    if identity.kind != kind:
        raise IncompatibleModelError(
            "model.in_wrong_folder",
            file=path.name,
            found=KIND_NAMES[identity.kind],
            kind=KIND_NAMES[kind],
        )
    return identity
