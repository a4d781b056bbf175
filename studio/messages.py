"""Texts for people, as ids with parameters: a language is chosen where a text is shown, not where it arises."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from studio.locales import DEFAULT, ListOf, Text, translate


@dataclass(frozen=True)
class Message:
    """The text with this id in `locales/*.json`, with its placeholders filled.

    Parameters that are messages themselves are written in the same language; sequences are joined
    as that language joins them; numbers that need grouping or a number of digits are formatted by the
    caller (`size=f"{size:,}"`). `str()` gives the English text, for logs and the command line.
    A dataclass, so that `studio --help` need not import pydantic; `message_fields` is for documents.
    """

    id: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text(DEFAULT)

    def text(self, language: str) -> str:
        """In `language`, a key of `locales.LANGUAGES`; any other gives English."""
        return translate(
            self.id, {k: _shown(v, language) for k, v in self.params.items()}, language
        )

    def data(self) -> dict[str, Any]:
        """Id and parameters as plain data for JSON."""
        return {"id": self.id, "params": {k: _data(v) for k, v in self.params.items()}}

    def to_json(self) -> str:
        """What `read_message` reads."""
        return json.dumps(self.data(), ensure_ascii=False, separators=(",", ":"))


Param = str | int | float | Message | list[str | Message]
"""What a placeholder is filled with."""


def message(
    id_: str, /, **params: str | int | float | Message | Sequence[str | Message]
) -> Message:
    """A message whose parameters are written as keywords."""
    listed = {
        k: v if isinstance(v, str | int | float | Message) else list(v) for k, v in params.items()
    }
    return Message(id=id_, params=listed)


def read_message(text: str) -> Message | None:
    """What `Message.to_json` wrote. A sentence that was stored before there were ids is a message of its
    own; an empty text is none."""
    if text.startswith('{"id":'):
        try:
            return _read(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
    return Message(text) if text else None


def _read(found: dict[str, Any]) -> Message:
    """Raises KeyError or TypeError for what is no message."""
    params = {name: _param(value) for name, value in found["params"].items()}
    if not isinstance(found["id"], str) or len(found) != 2:
        raise TypeError
    return Message(found["id"], params)


def _param(value: Any) -> Param:
    match value:
        case str() | int() | float():
            return value
        case dict():
            return _read(value)
        case list():
            return [each if isinstance(each, str) else _read(each) for each in value]
    raise TypeError


def in_language(value: Any, language: str) -> Any:
    """`value` as plain data for JSON (mappings, lists, dataclasses by their fields), with each message in
    it as text in `language`."""
    match value:
        case Message():
            return value.text(language)
        case Mapping():
            return {name: in_language(each, language) for name, each in value.items()}
        case list() | tuple():
            return [in_language(each, language) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: in_language(getattr(value, each.name), language) for each in fields(value)
        }
    return value


def _data(value: Param) -> Any:
    match value:
        case Message():
            return value.data()
        case list():
            return [_data(each) for each in value]
    return value


def _shown(value: Param, language: str) -> Text:
    match value:
        case Message():
            return value.text(language)
        case list():
            return ListOf(tuple(str(_shown(each, language)) for each in value))
        case float():
            return f"{value:g}"
    return str(value)
