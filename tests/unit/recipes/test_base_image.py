"""Slugs for names in any script, which are safe in URLs and file names."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.recipes.base_image import is_slug, slug_of


# Issue 18, 16 (B4).
@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Spring Party!", "spring-party"),
        ("../x", "x"),
        ("A" * 99, "a" * 63),
        ("春日野餐", "chun-ri-ye-can"),
        ("中国·北京 2", "zhong-guo-bei-jing-2"),
        ("Café Straße", "cafe-strasse"),
        ("ＡＢＣ １２", "abc-12"),
    ],
)
def test_names_become_slugs(name: str, slug: str) -> None:
    assert slug_of(name) == slug


# Issue 18, 16 (B4).
@pytest.mark.parametrize("name", ["Весна", "さくら", "봄 소풍", "!!!", "🧺"])
def test_name_without_latin_letters_gets_a_hash(name: str) -> None:
    assert re.fullmatch(r"theme-[0-9a-f]{8}", slug_of(name))
    assert slug_of(name) == slug_of(name) != slug_of(f"{name}!")


def test_partly_transliterated_names_get_distinct_slugs() -> None:
    assert slug_of("Весна 2") != slug_of("Лето 2")
    assert slug_of("Весна 2").startswith("2-")


@settings(deadline=None)  # Pinyin loads its dictionaries with the first name that needs them.
@given(st.text(max_size=80))
def test_slug_of_any_name_is_valid(name: str) -> None:
    assert is_slug(slug_of(name))
