"""Preset files: ours are read in every format there was, others are refused with the reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import InvalidDocumentError
from studio.recipes.themes.theme_file import (
    MAX_FIELDS,
    MIGRATIONS,
    BundledBaseImage,
    ThemeBundle,
    parse_theme_file,
)
from tests import examples


def document(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(examples.preset().to_json())
    return content | changes


def bundle() -> ThemeBundle:
    base = BundledBaseImage(image=examples.base_image(), png=examples.png())
    return ThemeBundle(preset=examples.preset(), base_images=(base,))


def parse(document: object) -> ThemeBundle:
    return parse_theme_file(json.dumps(document).encode(), "preset file x.json")


def test_file_round_trip_with_and_without_base_images() -> None:
    assert parse_theme_file(examples.preset().to_json().encode(), "x").preset == examples.preset()
    assert parse_theme_file(bundle().to_json().encode(), "x") == bundle()


def test_missing_newer_fields_get_defaults() -> None:
    old = document()
    del old["version"]
    for slot in "ABCD":
        for field in (
            "guidance_rescale",
            "guidance_end_fraction",
            "deepcache_interval",
            "upscale",
            "face_repair",
            "clip_skip",
        ):
            del old["recipes"][slot][field]
    assert parse(old).preset == examples.preset()


def test_old_formats_are_migrated_step_by_step() -> None:
    steps = {
        -1: lambda old: {**old, "version": 0, "slug": old["slug"].lower()},
        0: lambda old: {**old, "version": 1, "name": old["name"].strip()},
        **MIGRATIONS,
    }
    old = json.dumps(document(version=-1, slug="SPRING", name="  Spring ")).encode()
    assert parse_theme_file(old, "x", steps).preset == examples.preset()
    wrapped = json.dumps(
        {"schema": "doodle-theme-studio/package", "preset": json.loads(old)}
    ).encode()
    assert parse_theme_file(wrapped, "x", steps).preset == examples.preset()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"prompt": {"3": {"class_type": "KSampler"}}}, "is not a preset: schema"),
        ([1, 2], "it contains a list"),
        ("name,prompt,negative_prompt", "it contains a str"),
        (document(version=4), "has format 4; this studio supports up to 3"),
        (document(version="one"), "version: must be a number"),
        ({"schema": "doodle-theme-studio/package", "version": 7}, "has format 7"),
        ({"schema": "doodle-theme-studio/package", "preset": [1]}, "is invalid: preset"),
        (document(slug="../../etc/passwd"), "slug: must match the pattern"),
        (document(slug="https://example.com"), "slug: must match the pattern"),
        (document(extra="field"), "extra: unknown field"),
        (document(**{f"key-{n}": n for n in range(MAX_FIELDS + 1)}), "more than 100,000 fields"),
    ],
)  # fmt: skip
def test_invalid_file_is_refused_with_the_reason(given: object, error: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        parse(given)
    assert error in str(caught.value)
    assert str(caught.value).startswith("preset file x.json ")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../secret", "https://example.com/x.ckpt", "C:\\\\x"]
)
def test_path_or_url_as_model_name_is_refused(path: str) -> None:
    given = document()
    given["recipes"]["B"]["base_model"]["name"] = path
    with pytest.raises(InvalidDocumentError, match=r"recipes\.B\.base_model\.name"):
        parse(given)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"1" * 5000]
)
def test_malformed_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidDocumentError):
        parse_theme_file(data, "preset file x.json")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_any_other_json_is_refused(given: object) -> None:
    with pytest.raises(InvalidDocumentError):
        parse(given)
