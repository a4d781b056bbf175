"""Reads the header of a safetensors file: tensor shapes and metadata, without any weights."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studio.errors import CorruptModelError
from studio.messages import Message

MAX_HEADER = 16 * 2**20
"""Bytes of a header. The largest checkpoints have half a megabyte, merged ones and LoRAs with all their
captions some megabytes; parsing takes twelve times the size in memory."""


@dataclass(frozen=True)
class SafetensorsHeader:
    """Tensor shapes by name, and the metadata of the file."""

    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]

    def has_prefix(self, prefix: str) -> bool:
        """Whether the name of any tensor starts with `prefix`."""
        return any(name.startswith(prefix) for name in self.shapes)

    def find_shape(self, *parts: str) -> tuple[int, ...] | None:
        """The shape of the first tensor whose name contains all `parts`."""
        matches = (shape for name, shape in self.shapes.items() if all(p in name for p in parts))
        return next(matches, None)


def read_header(file: Path) -> SafetensorsHeader:
    """Reads the header of a safetensors file.

    Raises:
        CorruptModelError: it is truncated or not a safetensors file.
    """
    try:
        if not file.is_file():  # Reading a pipe would block.
            raise CorruptModelError("model.is_not_regular")
        with file.open("rb") as stream:
            file_size = os.fstat(stream.fileno()).st_size
            size = _read_size(stream)
            document = json.loads(stream.read(size))
        header, data_size = _parse_header(document)
    except CorruptModelError as error:
        raise not_safetensors(file, error.message) from None
    except (OSError, ValueError, RecursionError) as error:
        raise not_safetensors(file, str(error)[:200]) from None
    expected_size = 8 + size + data_size
    if file_size < expected_size:
        raise CorruptModelError(
            "model.file_cut_short",
            file=file.name,
            found=f"{file_size:,}",
            wanted=f"{expected_size:,}",
        )
    return header


def _read_size(stream: BinaryIO) -> int:
    """Bytes of the header, which stand before it. Raises CorruptModelError."""
    size = int.from_bytes(stream.read(8), "little")
    if size < 2:
        raise CorruptModelError("model.header_size_missing")
    if size > MAX_HEADER:
        raise CorruptModelError("model.header_too_large", size=f"{size:,}", most=f"{MAX_HEADER:,}")
    return size


def not_safetensors(file: Path, reason: str | Message) -> CorruptModelError:
    """The error for a file that is none, with the reason."""
    return CorruptModelError("model.not_safetensors", file=file.name, reason=reason)


def _parse_header(document: object) -> tuple[SafetensorsHeader, int]:
    """The parsed header, and the size of the data behind it in bytes. Raises CorruptModelError."""
    if not isinstance(document, dict):
        raise CorruptModelError("model.header_no_object")
    metadata = document.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise CorruptModelError("model.metadata_no_object")
    shapes: dict[str, tuple[int, ...]] = {}
    data_size = 0
    for name, entry in document.items():
        shape, offsets = _parse_tensor(entry)
        if shape is None or offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
            raise CorruptModelError("model.tensor_unexpected", tensor=repr(name[:80]))
        shapes[name] = shape
        data_size = max(data_size, offsets[1])
    texts = {k: v for k, v in metadata.items() if isinstance(v, str)}
    return SafetensorsHeader(shapes, texts), data_size


def _parse_tensor(entry: object) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """Shape and data offsets of a tensor; None where one is not a list of non-negative integers."""
    if not isinstance(entry, dict):
        return None, None
    return _parse_ints(entry.get("shape")), _parse_ints(entry.get("data_offsets"))


def _parse_ints(values: object) -> tuple[int, ...] | None:
    if not isinstance(values, list):
        return None
    return tuple(values) if all(type(value) is int and value >= 0 for value in values) else None
