"""What was made: looked through, taken away as files, deleted."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from studio.errors import InvalidInputError
from studio.recipes.history import HistoryFilter, StoredVariant
from studio.store.variants import VariantStore

MAX_EXPORT = 1000
"""Variants that one archive may hold; some 100 kB each."""


def export_zip(variants: VariantStore, wanted: HistoryFilter) -> Iterator[bytes]:
    """A ZIP of the pictures that fit, each PNG carrying its recipe, and of their records.

    It comes in parts, of which one picture at a time is in memory.

    Raises InputError when nothing fits, or more than `MOST_EXPORTED`.
    """
    page = variants.query(wanted, limit=MAX_EXPORT)
    if not page.rows:
        raise InvalidInputError("history.nothing_to_export")
    if page.next_cursor is not None:
        raise InvalidInputError("history.too_many_to_export", most=f"{MAX_EXPORT:,}")
    return _archive(variants, page.rows)


def _archive(variants: VariantStore, rows: Sequence[StoredVariant]) -> Iterator[bytes]:
    packed = _Parts()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        records = []
        for row in rows:
            name = export_file_name(row)
            archive.writestr(name, variants.png(row.variant))
            records.append({"file": name, "variant": row.variant.model_dump(mode="json")})
            yield packed.taken()
        archive.writestr("variants.json", json.dumps(records, indent=2))
    yield packed.taken()


class _Parts(io.RawIOBase):
    """A file that is only written to, and whose bytes are taken out as they come."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._bytes += data
        return len(data)

    def taken(self) -> bytes:
        part = bytes(self._bytes)
        self._bytes.clear()
        return part


def export_file_name(row: StoredVariant) -> str:
    """Such as `spring-v3-000123-B.png`; slugs hold nothing that a path could misread."""
    variant = row.variant
    version = f"v{variant.theme_version}" if variant.theme_version else "unsaved"
    return f"{variant.theme_slug}-{version}-{row.id:06d}-{variant.slot}.png"
