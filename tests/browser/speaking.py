"""Tests are written in English; where the page speaks Chinese, what they look for is, too.

A text becomes an expression: itself, or the Chinese template of each id whose English template it is.
Parts of a longer text stand for all of what that becomes. Tests may name ids in place of sentences later.
"""

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest
from playwright.sync_api import Locator, Page
from playwright.sync_api._generated import LocatorAssertions

from studio.locales import DEFAULT, placeholders, templates

SHORTEST = 4
"""Shorter texts are no part of others: a letter would be found everywhere."""
FINDERS = ("get_by_role", "get_by_label", "get_by_text", "get_by_title", "get_by_alt_text")
CONTAIN = ("to_contain_text", "not_to_contain_text")
WHOLE = ("to_have_text", "not_to_have_text", "to_have_value")


class Chinese:
    """Whole texts with their Chinese, and expressions with groups that become $1 … of a form."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.patterns: list[tuple[str, str]] = []
        self.beginnings: list[tuple[str, str]] = []
        chinese = templates("zh-CN")
        for name, english in templates(DEFAULT).items():
            if not placeholders(english):
                self.texts.append((english, chinese[name]))
            # What says nothing of its own would be found in everything.
            elif re.sub(r"\{\w+\}", "", english).strip():
                source, form = _pattern(english, chinese[name])
                self.patterns.append((f"^{source}$", form))
                head = source.rpartition("(.+)")[0].removesuffix(r"\ ")
                if re.search(r"[a-z]{3}", head):
                    self.beginnings.append((f"^{head}$", form))

    def expression(self, text: str, whole: bool) -> re.Pattern[str]:
        """What finds `text` on a page of either language."""
        found = "|".join(dict.fromkeys([re.escape(text), *self._said(text, whole)]))
        found = found.replace("/", ".")  # A slash would end the expression in the browser.
        return re.compile(rf"^\s*(?:{found})\s*$" if whole else found)

    def _said(self, text: str, whole: bool) -> Iterator[str]:
        part = not whole and len(text) >= SHORTEST
        for english, chinese in self.texts:
            if english == text or (part and text in english):
                yield re.escape(chinese)
        for source, form in (*self.patterns, *(self.beginnings if part else ())):
            if found := re.search(source, text):
                yield self._filled(re.escape(form), found)
            elif part and text in re.sub(r"\\(.)", r"\1", source):
                yield re.sub(r"\\\$\d", ".*", re.escape(form))

    def _filled(self, form: str, found: re.Match[str]) -> str:
        """A translation with what it repeats of the English text, as it is or translated, too."""
        for number, text in enumerate(found.groups(), 1):
            same = "|".join([re.escape(text), *self._said(text, whole=True)])
            form = form.replace(rf"\${number}", f"(?:{same})")
        return re.sub(r"\\\$\d", ".*", form)


def _pattern(english: str, chinese: str) -> tuple[str, str]:
    """A pair of templates as an expression and a form: each placeholder a group."""
    source = re.escape(english)
    for number, name in enumerate(_in_order(english), 1):
        source = source.replace(re.escape(f"{{{name}}}"), "(.+)", 1)
        source = source.replace(re.escape(f"{{{name}}}"), ".+")
        chinese = chinese.replace(f"{{{name}}}", f"${number}")
    return source, chinese


def _in_order(template: str) -> list[str]:
    return sorted(placeholders(template), key=lambda name: template.index(f"{{{name}}}"))


def speak(chinese: Chinese, patch: pytest.MonkeyPatch) -> None:
    """Has every text that is looked for found in Chinese, too."""
    for owner, methods in (
        (Page, FINDERS),
        (Locator, FINDERS),
        (LocatorAssertions, CONTAIN + WHOLE),
    ):
        for method in methods:
            patch.setattr(owner, method, _spoken(chinese, getattr(owner, method), method))


def _spoken(chinese: Chinese, real: Callable[..., Any], method: str) -> Callable[..., Any]:
    @wraps(real)
    def spoken(self: Any, text: Any, *given: Any, **named: Any) -> Any:
        whole = method in WHOLE or bool(named.get("exact"))
        if isinstance(named.get("name"), str):
            named["name"] = chinese.expression(named["name"], whole)
        elif isinstance(text, str) and method != "get_by_role":
            text = chinese.expression(text, whole)
        return real(self, text, *given, **named)

    return spoken
