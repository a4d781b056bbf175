"""Exports variants of the history as a ZIP archive."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from studio.errors import InvalidInputError
from studio.recipes.history import HistoryFilter, StoredVariant
from studio.store.variants import VariantStore

MAX_EXPORT = 1000
"""Variants that one archive may hold, of some 100 kB each."""


def export_zip(variants: VariantStore, history_filter: HistoryFilter) -> Iterator[bytes]:
    """A ZIP of the matching images, each PNG with its recipe, and of their records as
    `variants.json`.

    Streamed in chunks, with one image in memory at a time.

    Raises:
        InvalidInputError: nothing matches, or more than `MAX_EXPORT` variants do.
    """
    result = variants.query(history_filter, None, MAX_EXPORT)
    if not result.rows:
        raise InvalidInputError("history.export_empty")
    if result.next_cursor is not None:
        raise InvalidInputError("history.export_too_large", most=f"{MAX_EXPORT:,}")
    return _stream_archive(variants, result.rows)


def _stream_archive(variants: VariantStore, rows: Sequence[StoredVariant]) -> Iterator[bytes]:
    buffer = _WriteBuffer()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        records = []
        for row in rows:
            name = export_file_name(row)
            archive.writestr(name, variants.png(row.variant))
            records.append({"file": name, "variant": row.variant.model_dump(mode="json")})
            yield buffer.drain()
        archive.writestr("variants.json", json.dumps(records, indent=2))
    yield buffer.drain()


class _WriteBuffer(io.RawIOBase):
    """A write-only file whose bytes can be drained at any time."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._bytes += data
        return len(data)

    def drain(self) -> bytes:
        """Returns the bytes written since the last call."""
        chunk = bytes(self._bytes)
        self._bytes.clear()
        return chunk


def export_file_name(row: StoredVariant) -> str:
    """Such as `spring-v3-000123-B.png`; slugs are safe as parts of paths."""
    variant = row.variant
    version = f"v{variant.theme_version}" if variant.theme_version else "unsaved"
    return f"{variant.theme_slug}-{version}-{row.id:06d}-{variant.slot}.png"
