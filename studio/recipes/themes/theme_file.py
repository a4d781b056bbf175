"""Preset files: a preset alone, or in a package with the base images it is made for. Pure.

A file says in `schema` what it is and in `version` in which format. `docs/reference/preset-file.md` describes
both. What an older studio wrote is brought to today's format by `MIGRATIONS`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from studio.errors import InvalidDocumentError
from studio.messages import Message
from studio.recipes.base import FrozenModel, parse_document
from studio.recipes.base_image import BaseImage
from studio.recipes.themes.preset import MAX_BASE_IMAGES, SCHEMA_ID, Preset

MAX_BYTES = 64 * 2**20
"""A file with a dozen base images of the largest size is smaller."""
MAX_FIELDS = 100_000
"""A preset has some five hundred."""
CURRENT_FORMAT = 3
"""The format that this studio writes, of presets and of packages."""
BUNDLE_SCHEMA: Literal["doodle-theme-studio/package"] = "doodle-theme-studio/package"

MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: lambda document: {**document, "version": 2},  # `safety` has a default.
    2: lambda document: {**document, "version": 3},  # `StoredModel` reads the old field names.
}
"""What brings a preset of a format to the next one, by the format it starts from."""


class BundledBaseImage(FrozenModel):
    """A base image with its pixels."""

    image: BaseImage
    png: bytes


class ThemeBundle(FrozenModel):
    """A preset that takes its base images along."""

    format: Literal["doodle-theme-studio/package"] = Field(BUNDLE_SCHEMA, alias="schema")
    version: Literal[1, 2, 3] = 3
    preset: Preset
    base_images: Annotated[tuple[BundledBaseImage, ...], Field(max_length=MAX_BASE_IMAGES)] = ()

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


def parse_theme_file(
    data: bytes,
    what: str | Message,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS,
) -> ThemeBundle:
    """A preset file, with or without base images; `what` names it in the error.

    Raises BadDocument for what is no preset file, is of a newer format, or does not hold.
    """
    if len(data) > MAX_BYTES:
        raise InvalidDocumentError(
            "theme.file_too_large", what=what, size=f"{len(data):,}", most=f"{MAX_BYTES:,}"
        )
    document = _object(data, what)
    if document.get("schema") == BUNDLE_SCHEMA:
        _check_format(document, what)
        preset = document.get("preset")
        document["preset"] = _migrated(preset, what, migrations) if isinstance(preset, dict) else preset  # fmt: skip
        return parse_document(ThemeBundle, json.dumps(document), what)
    document = _migrated(document, what, migrations)
    return ThemeBundle(preset=parse_document(Preset, json.dumps(document), what))


def _object(data: bytes, what: str | Message) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(
            "theme.file_no_json", what=what, reason=str(error)[:100]
        ) from None
    if _fields(document) > MAX_FIELDS:
        raise InvalidDocumentError("theme.file_too_many_fields", what=what, most=f"{MAX_FIELDS:,}")
    if not isinstance(document, dict):
        raise InvalidDocumentError("theme.file_no_object", what=what, kind=type(document).__name__)
    return document


def _fields(document: object) -> int:
    """Keys and items at every depth, counted no further than they may go."""
    waiting, count = [document], 0
    while waiting and count <= MAX_FIELDS:
        here = waiting.pop()
        inside = list(here.values()) if isinstance(here, dict) else here
        if isinstance(inside, list):
            count += len(inside)
            waiting += inside
    return count


def _migrated(
    document: dict[str, Any],
    what: str | Message,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]],
) -> dict[str, Any]:
    if document.get("schema") != SCHEMA_ID:
        raise InvalidDocumentError("theme.file_without_schema", what=what, schema=SCHEMA_ID)
    _check_format(document, what)
    while document["version"] in migrations:
        document = migrations[document["version"]](document)
    return document


def _check_format(document: dict[str, Any], what: str | Message) -> None:
    version = document.get("version", 1)
    if not isinstance(version, int):
        raise InvalidDocumentError(
            "theme.file_version_no_number", what=what, value=f"{version!r:.40}"
        )
    document["version"] = version
    if version > CURRENT_FORMAT:
        raise InvalidDocumentError(
            "theme.file_too_new", what=what, format=version, newest=CURRENT_FORMAT
        )
