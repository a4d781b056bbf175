"""Weights on disk: which files a model has, whether they are whole, and their hash."""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open

from studio.errors import DamagedModel, ModelError, UnfitModel


def weight_files(path: Path) -> tuple[Path, ...]:
    """The safetensors files of a model, in a fixed order.

    Raises UnfitModel when there are only pickles: they can run code when opened.
    """
    found = sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]
    if found:
        return tuple(found)
    pickles = [*path.rglob("*.bin"), *path.rglob("*.ckpt"), *path.rglob("*.pt")]
    if pickles:
        raise UnfitModel(
            f"model {path.name} holds pickled weights ({pickles[0].name}), which can run code:"
            " convert it to .safetensors"
        )
    raise DamagedModel(f"model {path.name} has no .safetensors weights in {path}")


def check_whole(files: Sequence[Path]) -> None:
    """Raises DamagedModel for the first file that is cut short or is no safetensors file."""
    for file in files:
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise DamagedModel(
                f"{file.name} of model {file.parent.parent.name}/{file.parent.name} is damaged"
                f" ({error}): put the file in place again"
            ) from None


class Hashes:
    """SHA-256 of models, remembered by path, size and change time in one JSON file.

    `memory` None remembers nothing. A memory that cannot be written is only slower.
    """

    def __init__(self, memory: Path | None) -> None:
        self._memory = memory
        self._known: dict[str, str] = self._read()

    def of(self, files: Sequence[Path]) -> str:
        """One hash over the contents of `files`, in their order."""
        key = json.dumps([[str(f), s.st_size, s.st_mtime_ns] for f in files if (s := f.stat())])
        if key not in self._known:
            digest = hashlib.sha256()
            try:
                for file in files:
                    with file.open("rb") as stream:
                        while block := stream.read(2**20):
                            digest.update(block)
            except OSError as error:
                raise ModelError(f"cannot read {error.filename}: {error.strerror}") from None
            self._known[key] = digest.hexdigest()
            self._write()
        return self._known[key]

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
            partial.write_text(json.dumps(self._known))
            os.replace(partial, self._memory)
        except OSError:
            with suppress(OSError):
                partial.unlink()
