"""Texts for people as message ids with parameters, translated where they are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from studio.locales import DEFAULT, ListOf, Text, translate


@dataclass(frozen=True)
class Message:
    """A message of `locales/*.json` with its parameters.

    Parameters that are messages are translated into the same language, and sequences are joined as
    the language joins them. The caller formats numbers that need grouping or a fixed number of
    digits (`size=f"{size:,}"`). `str()` gives the English text, for logs and the command line. A
    dataclass, so that `studio --help` imports no pydantic; `message_fields` has the field types.
    """

    id: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text(DEFAULT)

    def text(self, language: str) -> str:
        """The text in a language (a key of `locales.LANGUAGES`; any other gives English)."""
        return translate(
            self.id, {k: _param_text(v, language) for k, v in self.params.items()}, language
        )

    def data(self) -> dict[str, Any]:
        """Id and parameters as data for JSON."""
        return {"id": self.id, "params": {k: _data(v) for k, v in self.params.items()}}

    def to_json(self) -> str:
        """The message as JSON, which `read_message` parses."""
        return json.dumps(self.data(), ensure_ascii=False, separators=(",", ":"))


Param = str | int | float | Message | list[str | Message]
"""The value of a placeholder."""


def message(
    id_: str, /, **params: str | int | float | Message | Sequence[str | Message]
) -> Message:
    """Makes a message; its parameters are the keyword arguments."""
    values = {
        k: v if isinstance(v, str | int | float | Message) else list(v) for k, v in params.items()
    }
    return Message(id=id_, params=values)


def read_message(text: str) -> Message | None:
    """Parses what `Message.to_json` wrote.

    Any other text is a sentence that was stored before there were message ids, and becomes a
    message with itself as its id. None for an empty text.
    """
    if text.startswith('{"id":'):
        try:
            return _parse(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
    return Message(text) if text else None


def _parse(data: dict[str, Any]) -> Message:
    """Raises KeyError or TypeError for data that is not a message."""
    params = {name: _param(value) for name, value in data["params"].items()}
    if not isinstance(data["id"], str) or len(data) != 2:
        raise TypeError
    return Message(data["id"], params)


def _param(value: Any) -> Param:
    match value:
        case str() | int() | float():
            return value
        case dict():
            return _parse(value)
        case list():
            return [item if isinstance(item, str) else _parse(item) for item in value]
    raise TypeError


def in_language(value: Any, language: str) -> Any:
    """`value` as data for JSON, with every message in it replaced by its text in `language`.

    Mappings, lists, tuples and dataclasses (by their fields) are walked through.
    """
    match value:
        case Message():
            return value.text(language)
        case Mapping():
            return {name: in_language(item, language) for name, item in value.items()}
        case list() | tuple():
            return [in_language(item, language) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: in_language(getattr(value, f.name), language) for f in fields(value)}
    return value


def _data(value: Param) -> Any:
    match value:
        case Message():
            return value.data()
        case list():
            return [_data(item) for item in value]
    return value


def _param_text(value: Param, language: str) -> Text:
    match value:
        case Message():
            return value.text(language)
        case list():
            return ListOf(tuple(str(_param_text(item, language)) for item in value))
        case float():
            return f"{value:g}"
    return str(value)
