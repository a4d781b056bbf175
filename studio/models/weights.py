"""Weights on disk: which files a model has, whether they are whole, and their hash."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open

from studio.errors import CorruptModelError, IncompatibleModelError, ModelError

_VARIANT = re.compile(r"[^.]*(?:\.(.+?))?(?:-\d{5}-of-\d{5})?\.safetensors")


def read_regular_file(file: Path, most: int | None = None) -> bytes:
    """A file's bytes. Raises OSError, and DamagedModel for what is no regular file (a pipe would be
    waited for without end) or has more than `most` bytes."""
    seen = file.stat()
    if not stat.S_ISREG(seen.st_mode):
        raise CorruptModelError("model.not_regular", file=file.name)
    if most is not None and seen.st_size > most:
        raise CorruptModelError(
            "model.file_too_large", file=file.name, size=f"{seen.st_size:,}", most=f"{most:,}"
        )
    return file.read_bytes()


def variant_of(name: str) -> str:
    """Which variant a weight file is, such as fp16; empty for the plain one, sharded or not."""
    match = _VARIANT.fullmatch(name)
    return (match[1] or "") if match else ""


def list_weight_files(path: Path) -> tuple[Path, ...]:
    """The safetensors files of a model, in a fixed order.

    Raises UnfitModel when there are only pickles: they can run code when opened; DamagedModel when
    there are none, or something of that name is no file.
    """
    found = sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]
    for file in found:
        if not file.is_file():  # A pipe would be waited for without end.
            raise CorruptModelError("model.weights_not_regular", file=file.name, name=path.name)
    if found:
        return tuple(found)
    pickles = [*path.rglob("*.bin"), *path.rglob("*.ckpt"), *path.rglob("*.pt")]
    if pickles:
        raise IncompatibleModelError("model.weights_pickled", name=path.name, file=pickles[0].name)
    raise CorruptModelError("model.no_weights", name=path.name, folder=str(path))


def loaded_files(path: Path) -> tuple[Path, ...]:
    """Those of a model's weight files that are read when it is loaded: of a diffusers folder one
    variant of each part, and no single-file copy of the whole beside `model_index.json`.

    Raises what `list_weight_files` raises.
    """
    files = list_weight_files(path)
    if not path.is_dir():
        return files
    parts = (path / "model_index.json").exists()
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        if (file.parent != path) == parts and file.parent.name != "safety_checker":
            by_folder.setdefault(file.parent, []).append(file)
    loaded = [file for inside in by_folder.values() for file in _one_variant(inside)]
    return tuple(loaded) or files


def _one_variant(files: Sequence[Path]) -> Sequence[Path]:
    """The plain files where there are any, as diffusers chooses; else those of the first variant."""
    variants = [variant_of(file.name) for file in files]
    chosen = "" if "" in variants else variants[0]
    return [file for file, variant in zip(files, variants, strict=True) if variant == chosen]


def verify_readable(files: Sequence[Path]) -> None:
    """Raises DamagedModel for the first file that is cut short or is no safetensors file."""
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
    """SHA-256 of models, remembered by path, size and change time in one JSON file.

    `memory` None remembers nothing. A memory that cannot be written is only slower.
    """

    def __init__(self, memory: Path | None) -> None:
        self._memory = memory
        self._cached: dict[str, str] = self._read()

    def sha256_of(self, files: Sequence[Path]) -> str:
        """One hash over the contents of `files`, in their order."""
        key = json.dumps([[str(f), s.st_size, s.st_mtime_ns] for f in files if (s := f.stat())])
        if key not in self._cached:
            digest = hashlib.sha256()
            try:
                for file in files:
                    with file.open("rb") as stream:
                        while block := stream.read(2**20):
                            digest.update(block)
            except OSError as error:
                raise ModelError(
                    "model.file_not_readable",
                    file=str(error.filename),
                    reason=str(error.strerror),
                ) from None
            self._cached[key] = digest.hexdigest()
            self._write()
        return self._cached[key]

    def _read(self) -> dict[str, str]:
        if self._memory is None or not self._memory.exists():
            return {}
        try:
            known = json.loads(self._memory.read_text())
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}

    def _write(self) -> None:
        if self._memory is None:
            return
        partial = self._memory.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(self._cached))
            os.replace(partial, self._memory)
        except OSError:
            with suppress(OSError):
                partial.unlink()
