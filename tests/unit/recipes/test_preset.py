"""Presets as JSON documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.errors import InvalidDocumentError
from studio.recipes.base import parse_document
from studio.recipes.themes.preset import SLOTS, Preset
from studio.settings import bundled_path
from tests import examples


def test_preset_json_round_trip() -> None:
    preset = examples.preset(base_images=("mia", "noah"))
    assert parse_document(Preset, preset.to_json(), "it") == preset


def test_document_contains_schema_and_version() -> None:
    document = json.loads(examples.preset().to_json())
    assert document["schema"] == "doodle-theme-studio/preset"
    assert document["version"] == 3


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"schema": "comfyui/workflow"}, "schema"),
        ({"version": 4}, "version"),
        ({"slug": "../spring"}, "slug"),
        ({"slug": "http://x"}, "slug"),
        ({"name": ""}, "name"),
        ({"base_images": ["mia", "mia"]}, "a base image is listed twice"),
        ({"recipes": {}}, "recipes.A"),
    ],
)
def test_invalid_preset_is_refused(changes: dict[str, Any], error: str) -> None:
    document = json.loads(examples.preset().to_json()) | changes
    with pytest.raises(InvalidDocumentError) as caught:
        parse_document(Preset, json.dumps(document), "the preset file x.json")
    assert "the preset file x.json" in str(caught.value)
    assert error in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", "null", '{"a":' * 2000])
def test_malformed_json_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        parse_document(Preset, text, "the file")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "file", sorted(bundled_path("presets").glob("*.json")), ids=lambda f: f.stem
)
def test_shipped_presets_are_valid_and_named_after_their_file(file: Path) -> None:
    preset = parse_document(Preset, file.read_bytes(), file.name)
    assert preset.slug == file.stem
    assert preset.description
    assert len({preset.recipes[slot] for slot in SLOTS}) == 4
