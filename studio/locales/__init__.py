"""The languages of the product: a JSON file each, with templates by message id.

`{name}` in a template is filled with the parameter of that name. A further language is one more file.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

DEFAULT = "en"
LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "zh-CN": "中文"})
"""Codes as in BCP 47, each with its language's own name."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class ListOf:
    """Texts that the language joins by its own separator (`list.separator`)."""

    texts: tuple[str, ...]


Text = str | ListOf


@cache
def templates(language: str) -> Mapping[str, str]:
    """The templates of `language`, a key of LANGUAGES, by id."""
    text = files(__package__).joinpath(f"{language}.json").read_text("utf-8")
    return MappingProxyType(json.loads(text))


def template(id_: str, language: str) -> str:
    """One template; where `language` lacks it, English. An unknown id is given back as it is."""
    found = templates(language) if language in LANGUAGES else templates(DEFAULT)
    return found.get(id_) or templates(DEFAULT).get(id_, id_)


def translate(id_: str, params: Mapping[str, Text], language: str) -> str:
    """The template of `id_` in `language`, filled; a placeholder without a parameter stays."""
    separator = template("list.separator", language)

    def filled(match: re.Match[str]) -> str:
        value = params.get(match[1], match[0])
        return separator.join(value.texts) if isinstance(value, ListOf) else value

    # A text that is no id (third-party sentences) may hold braces: only templates are filled.
    return _PLACEHOLDER.sub(filled, template(id_, language)) if params else template(id_, language)


def placeholders(text: str) -> frozenset[str]:
    """The names that `text`, a template, wants filled."""
    return frozenset(_PLACEHOLDER.findall(text))
