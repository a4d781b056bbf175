"""What was made: looked through, taken away as files, deleted."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from studio.errors import InputError
from studio.recipes.history import HistoryFilter, KeptVariant
from studio.store.variants import VariantStore

MOST_EXPORTED = 1000
"""Variants that one archive may hold; some 100 kB each."""


def export(variants: VariantStore, wanted: HistoryFilter) -> Iterator[bytes]:
    """A ZIP of the pictures that fit, each PNG carrying its recipe, and of their records.

    It comes in parts, of which one picture at a time is in memory.

    Raises InputError when nothing fits, or more than `MOST_EXPORTED`.
    """
    page = variants.page(wanted, most=MOST_EXPORTED)
    if not page.rows:
        raise InputError("history.nothing_to_export")
    if page.next is not None:
        raise InputError("history.too_many_to_export", most=f"{MOST_EXPORTED:,}")
    return _archive(variants, page.rows)


def _archive(variants: VariantStore, rows: Sequence[KeptVariant]) -> Iterator[bytes]:
    packed = _Parts()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        records = []
        for row in rows:
            name = file_name(row)
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


def file_name(row: KeptVariant) -> str:
    """Such as `spring-v3-000123-B.png`; slugs hold nothing that a path could misread."""
    variant = row.variant
    version = f"v{variant.preset_version}" if variant.preset_version else "unsaved"
    return f"{variant.preset}-{version}-{row.id:06d}-{variant.letter}.png"
