"""Localisation: one JSON file for each language, with message templates by id.

`{name}` in a template is replaced by the parameter of that name. Another language is another file.
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
"""The language's own name by its BCP 47 code."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class ListOf:
    """Texts that are joined by the separator of the language (message `list.separator`)."""

    texts: tuple[str, ...]


Text = str | ListOf


@cache
def templates(language: str) -> Mapping[str, str]:
    """The templates of a language (a key of LANGUAGES) by message id."""
    text = files(__package__).joinpath(f"{language}.json").read_text("utf-8")
    return MappingProxyType(json.loads(text))


def template(id_: str, language: str) -> str:
    """The template of a message id; in English where the language lacks it.

    An unknown id is returned as it is.
    """
    by_id = templates(language) if language in LANGUAGES else templates(DEFAULT)
    return by_id.get(id_) or templates(DEFAULT).get(id_, id_)


def translate(id_: str, params: Mapping[str, Text], language: str) -> str:
    """The message in a language, with its placeholders replaced; one without a parameter stays."""
    separator = template("list.separator", language)

    def replacement(match: re.Match[str]) -> str:
        value = params.get(match[1], match[0])
        return separator.join(value.texts) if isinstance(value, ListOf) else value

    # A text that is not an id (a third-party sentence) may contain braces: it has no parameters.
    return (
        _PLACEHOLDER.sub(replacement, template(id_, language))
        if params
        else template(id_, language)
    )


def placeholders(text: str) -> frozenset[str]:
    """The names of the placeholders of a template."""
    return frozenset(_PLACEHOLDER.findall(text))
