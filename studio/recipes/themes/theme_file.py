"""Preset files: a preset alone, or a bundle of a preset and its images. Pure functions.

`schema` and `version` identify the file format; `docs/reference/preset-file.md` describes it. `MIGRATIONS`
upgrades files of older formats.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from studio.errors import InvalidDocumentError
from studio.messages import Message
from studio.recipes.base import FrozenModel, parse_document
from studio.recipes.base_image import BaseImage, ControlImage, ZoneImages
from studio.recipes.themes.preset import MAX_BASE_IMAGES, SCHEMA_ID, Preset

MAX_BYTES = 64 * 2**20
"""Size of a file; larger ones are neither read nor written."""
MAX_FIELDS = 100_000
"""Keys and list items of a file, at all depths; a preset has some five hundred."""
MAX_CONTROL_IMAGES = 48
"""Images of the control units and references of four recipes."""
CURRENT_FORMAT = 3
"""Format version that is written, for presets and bundles."""
BUNDLE_SCHEMA: Literal["doodle-theme-studio/package"] = "doodle-theme-studio/package"

Migrations = Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
MIGRATIONS: Migrations = {
    1: lambda document: {**document, "version": 2},  # `safety` has a default.
    2: lambda document: {**document, "version": 3},  # `StoredModel` reads the old field names.
}
"""Functions that upgrade a preset to the next format version, by the version they start from."""


class BundledBaseImage(FrozenModel):
    """A base image with its pixels and the masks of its zones as PNGs."""

    image: BaseImage
    png: bytes
    zones: ZoneImages = ZoneImages()


class ThemeBundle(FrozenModel):
    """A preset together with its base images, and the images of its control units and references."""

    format: Literal["doodle-theme-studio/package"] = Field(BUNDLE_SCHEMA, alias="schema")
    version: Literal[1, 2, 3] = 3
    preset: Preset
    base_images: Annotated[tuple[BundledBaseImage, ...], Field(max_length=MAX_BASE_IMAGES)] = ()
    control_images: Annotated[tuple[ControlImage, ...], Field(max_length=MAX_CONTROL_IMAGES)] = ()

    def to_json(self) -> str:
        """The document as indented JSON, as it is written to files."""
        return self.model_dump_json(indent=2)


def parse_theme_file(
    data: bytes, label: str | Message, migrations: Migrations = MIGRATIONS
) -> ThemeBundle:
    """Parses a preset file, with or without base images.

    Args:
        data: content of the file.
        label: what the file is, for error messages.
        migrations: upgrades, by the format version that they start from.

    Raises:
        InvalidDocumentError: it is not a preset file, has a newer format, or is invalid.
    """
    check_file_size(len(data), label)
    document = _parse_object(data, label)
    if document.get("schema") == BUNDLE_SCHEMA:
        _check_format(document, label)
        if isinstance(preset := document.get("preset"), dict):
            document["preset"] = _migrate(preset, label, migrations)
        return parse_document(ThemeBundle, json.dumps(document), label)
    document = _migrate(document, label, migrations)
    return ThemeBundle(preset=parse_document(Preset, json.dumps(document), label))


def check_file_size(size: int, label: str | Message) -> None:
    """Raises InvalidDocumentError for a file of more than `MAX_BYTES`; `size` is in bytes."""
    if size > MAX_BYTES:
        raise InvalidDocumentError(
            "theme.file_too_large", what=label, size=f"{size:,}", most=f"{MAX_BYTES:,}"
        )


def _parse_object(data: bytes, label: str | Message) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(
            "theme.file_no_json", what=label, reason=str(error)[:100]
        ) from None
    if _count_fields(document) > MAX_FIELDS:
        raise InvalidDocumentError("theme.file_too_many_fields", what=label, most=f"{MAX_FIELDS:,}")
    if not isinstance(document, dict):
        raise InvalidDocumentError("theme.file_no_object", what=label, kind=type(document).__name__)
    return document


def _count_fields(document: object) -> int:
    """Keys and list items at all depths; the count stops soon after `MAX_FIELDS`."""
    pending, count = [document], 0
    while pending and count <= MAX_FIELDS:
        node = pending.pop()
        children = list(node.values()) if isinstance(node, dict) else node
        if isinstance(children, list):
            count += len(children)
            pending += children
    return count


def _migrate(
    document: dict[str, Any], label: str | Message, migrations: Migrations
) -> dict[str, Any]:
    if document.get("schema") != SCHEMA_ID:
        raise InvalidDocumentError("theme.file_without_schema", what=label, schema=SCHEMA_ID)
    _check_format(document, label)
    while document["version"] in migrations:
        document = migrations[document["version"]](document)
    return document


def _check_format(document: dict[str, Any], label: str | Message) -> None:
    """Checks the format version and writes it into `document`: early files of format 1 have none."""
    version = document.get("version", 1)
    if not isinstance(version, int):
        raise InvalidDocumentError(
            "theme.file_version_no_number", what=label, value=f"{version!r:.40}"
        )
    document["version"] = version
    if version > CURRENT_FORMAT:
        raise InvalidDocumentError(
            "theme.file_too_new", what=label, format=version, newest=CURRENT_FORMAT
        )
