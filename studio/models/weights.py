"""Weight files on disk: which files a model has, whether they are readable, and their hash."""

import hashlib
import json
import os
import re
import stat
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open

from studio.errors import CorruptModelError, IncompatibleModelError, ModelError

_VARIANT = re.compile(r"[^.]*(?:\.(.+?))?(?:-\d{5}-of-\d{5})?\.safetensors")


def read_regular_file(file: Path, max_bytes: int | None = None) -> bytes:
    """The content of a regular file.

    Args:
        max_bytes: None is no limit.

    Raises:
        OSError: the file cannot be read.
        CorruptModelError: it is not a regular file (reading a pipe would block), or is too large.
    """
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise CorruptModelError("model.not_regular", file=file.name)
    if max_bytes is not None and status.st_size > max_bytes:
        raise CorruptModelError(
            "model.file_too_large",
            file=file.name,
            size=f"{status.st_size:,}",
            most=f"{max_bytes:,}",
        )
    return file.read_bytes()


def variant_of(name: str) -> str:
    """The variant in the name of a weight file, such as fp16; empty for the default, also if sharded."""
    match = _VARIANT.fullmatch(name)
    return (match[1] or "") if match else ""


def list_weight_files(path: Path) -> tuple[Path, ...]:
    """The safetensors files of a model in a fixed order.

    Args:
        path: a diffusers directory or a single file.

    Raises:
        IncompatibleModelError: there are only pickled weights, which can run code when opened.
        CorruptModelError: there are no weights, or one is not a regular file.
    """
    files = sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]
    for file in files:
        if not file.is_file():  # Reading a pipe would block.
            raise CorruptModelError("model.weights_not_regular", file=file.name, name=path.name)
    if files:
        return tuple(files)
    pickles = [*path.rglob("*.bin"), *path.rglob("*.ckpt"), *path.rglob("*.pt")]
    if pickles:
        raise IncompatibleModelError("model.weights_pickled", name=path.name, file=pickles[0].name)
    raise CorruptModelError("model.no_weights", name=path.name, folder=str(path))


def loaded_files(path: Path) -> tuple[Path, ...]:
    """The weight files that are read when a model is loaded.

    Of a diffusers directory that is one variant of each component (`folder_variant`), without
    single-file copies next to `model_index.json` and without the safety checker.

    Raises:
        ModelError: as `list_weight_files`.
    """
    files = list_weight_files(path)
    if not path.is_dir():
        return files
    variant, loaded = folder_variant(path), []
    for component in _component_files(path, files):
        chosen = [file for file in component if variant_of(file.name) == variant]
        loaded += chosen or [file for file in component if not variant_of(file.name)]
    return tuple(loaded) or files


def folder_variant(path: Path) -> str:
    """The `variant` with which diffusers loads all components of a directory; empty for the default.

    That is the default if every component has it. Else the variant of the first that lacks it is
    taken for the whole pipeline; diffusers loads the default of the components without that one.

    Raises:
        ModelError: as `list_weight_files`.
    """
    for component in _component_files(path, list_weight_files(path)):
        variants = [variant_of(file.name) for file in component]
        if "" not in variants:
            return variants[0]
    return ""


def _component_files(path: Path, files: Sequence[Path]) -> Sequence[Sequence[Path]]:
    """The weight files of each component of a diffusers directory, in all their variants."""
    is_pipeline = (path / "model_index.json").exists()
    by_component: dict[Path, list[Path]] = {}
    for file in files:
        if (file.parent != path) == is_pipeline and file.parent.name != "safety_checker":
            by_component.setdefault(file.parent, []).append(file)
    return tuple(by_component.values())


def verify_readable(files: Sequence[Path]) -> None:
    """Raises CorruptModelError for the first file that is truncated or not a safetensors file."""
    for file in files:
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise CorruptModelError(
                "model.weights_damaged",
                file=file.name,
                name=f"{file.parent.parent.name}/{file.parent.name}",
                reason=str(error)[:200],
            ) from None


class HashCache:
    """SHA-256 hashes of models, cached by path, size and modification time. Thread-safe.

    Args:
        cache_file: a JSON file; None caches in memory only. A file that cannot be written is ignored.
    """

    def __init__(self, cache_file: Path | None) -> None:
        self._cache_file = cache_file
        self._lock = threading.Lock()
        self._cached: dict[str, str] = self._read()
        self._running: dict[str, Future[str]] = {}

    def cached(self, files: Sequence[Path]) -> str | None:
        """The hash over `files` if it is known. Raises OSError when a file does not exist."""
        return self._cached.get(_cache_key(files))

    def sha256_of(self, files: Sequence[Path]) -> str:
        """One hash over the contents of `files`, in their order.

        When another thread computes it, waits for that.

        Raises:
            OSError: a file does not exist.
            ModelError: a file cannot be read.
        """
        key = _cache_key(files)
        with self._lock:
            if key in self._cached:
                return self._cached[key]
            other = self._running.get(key)
            future = self._running.setdefault(key, Future())
        if other is not None:
            return other.result()
        try:
            future.set_result(self._compute(key, files))
        except Exception as error:
            future.set_exception(error)
        finally:
            with self._lock:
                del self._running[key]
        return future.result()

    def _compute(self, key: str, files: Sequence[Path]) -> str:
        digest = _compute_sha256(files)
        with self._lock:
            self._cached[key] = digest
            self._write()
        return digest

    def _read(self) -> dict[str, str]:
        if self._cache_file is None or not self._cache_file.exists():
            return {}
        try:
            hashes = json.loads(self._cache_file.read_text())
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in hashes.items()} if isinstance(hashes, dict) else {}

    def _write(self) -> None:
        if self._cache_file is None:
            return
        # Another process has perhaps added some.
        self._cached = self._read() | self._cached
        partial = self._cache_file.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(self._cached))
            os.replace(partial, self._cache_file)
        except OSError:
            with suppress(OSError):
                partial.unlink()


def _cache_key(files: Sequence[Path]) -> str:
    return json.dumps([[str(f), s.st_size, s.st_mtime_ns] for f in files if (s := f.stat())])


def _compute_sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    try:
        for file in files:
            with file.open("rb") as stream:
                while block := stream.read(2**20):
                    digest.update(block)
    except OSError as error:
        raise ModelError(
            "model.file_not_readable", file=str(error.filename), reason=str(error.strerror)
        ) from None
    return digest.hexdigest()
