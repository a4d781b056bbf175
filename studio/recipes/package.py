"""Preset files: a preset alone, or in a package with the base images it is made for. Pure.

A file says in `schema` what it is and in `version` in which format. `docs/preset-file.md` describes
both. What an older studio wrote is brought to today's format by `MIGRATIONS`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from studio.errors import BadDocument
from studio.messages import Message
from studio.recipes.base import Frozen, read_document
from studio.recipes.canvas import BaseImage
from studio.recipes.preset import FORMAT, MOST_BASE_IMAGES, Preset, with_safety

MAX_BYTES = 64 * 2**20
"""A file with a dozen base images of the largest size is smaller."""
MAX_FIELDS = 100_000
"""A preset has some five hundred."""
NEWEST = 2
"""The format that this studio writes, of presets and of packages."""
PACKAGE: Literal["doodle-theme-studio/package"] = "doodle-theme-studio/package"

MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: with_safety}
"""What brings a preset of a format to the next one, by the format it starts from."""


class PackedBase(Frozen):
    """A base image with its pixels."""

    image: BaseImage
    png: bytes


class Package(Frozen):
    """A preset that takes its base images along."""

    format: Literal["doodle-theme-studio/package"] = Field(PACKAGE, alias="schema")
    version: Literal[1, 2] = 2
    preset: Preset
    base_images: Annotated[tuple[PackedBase, ...], Field(max_length=MOST_BASE_IMAGES)] = ()

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


def read_package(
    data: bytes,
    what: str | Message,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS,
) -> Package:
    """A preset file, with or without base images; `what` names it in the error.

    Raises BadDocument for what is no preset file, is of a newer format, or does not hold.
    """
    if len(data) > MAX_BYTES:
        raise BadDocument(
            "theme.file_too_large", what=what, size=f"{len(data):,}", most=f"{MAX_BYTES:,}"
        )
    document = _object(data, what)
    if document.get("schema") == PACKAGE:
        _check_format(document, what)
        preset = document.get("preset")
        document["preset"] = _migrated(preset, what, migrations) if isinstance(preset, dict) else preset  # fmt: skip
        return read_document(Package, json.dumps(document), what)
    document = _migrated(document, what, migrations)
    return Package(preset=read_document(Preset, json.dumps(document), what))


def _object(data: bytes, what: str | Message) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadDocument("theme.file_no_json", what=what, reason=str(error)[:100]) from None
    if _fields(document) > MAX_FIELDS:
        raise BadDocument("theme.file_too_many_fields", what=what, most=f"{MAX_FIELDS:,}")
    if not isinstance(document, dict):
        raise BadDocument("theme.file_no_object", what=what, kind=type(document).__name__)
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
    if document.get("schema") != FORMAT:
        raise BadDocument("theme.file_without_schema", what=what, schema=FORMAT)
    _check_format(document, what)
    while document["version"] in migrations:
        document = migrations[document["version"]](document)
    return document


def _check_format(document: dict[str, Any], what: str | Message) -> None:
    version = document.get("version", 1)
    if not isinstance(version, int):
        raise BadDocument("theme.file_version_no_number", what=what, value=f"{version!r:.40}")
    document["version"] = version
    if version > NEWEST:
        raise BadDocument("theme.file_too_new", what=what, format=version, newest=NEWEST)
