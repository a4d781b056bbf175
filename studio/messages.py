"""Texts for people, as ids with parameters: a language is chosen where a text is shown, not where it arises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from studio.locales import DEFAULT, ListOf, Text, template, translate


class Message(BaseModel):
    """The text with this id in `locales/*.json`, with its placeholders filled.

    Parameters that are messages themselves are written in the same language; sequences are joined
    as that language joins them; numbers that need grouping or a number of digits are formatted by the
    caller (`size=f"{size:,}"`). `str()` gives the English text, for logs and the command line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    params: dict[str, str | int | float | Message | list[str | Message]] = {}

    def __str__(self) -> str:
        return self.text(DEFAULT)

    def text(self, language: str) -> str:
        """In `language`, a key of `locales.LANGUAGES`; any other gives English."""
        return translate(
            self.id, {k: _shown(v, language) for k, v in self.params.items()}, language
        )


def message(
    id_: str, /, **params: str | int | float | Message | Sequence[str | Message]
) -> Message:
    """A message whose parameters are written as keywords."""
    listed = {
        k: v if isinstance(v, str | int | float | Message) else list(v) for k, v in params.items()
    }
    return Message(id=id_, params=listed)


def read_message(text: str) -> Message | None:
    """What `Message.model_dump_json` wrote. A sentence that was stored before there were ids is a message
    of its own; an empty text is none."""
    if text.startswith('{"id":'):
        with suppress(ValidationError):
            return Message.model_validate_json(text)
    return Message(id=text) if text else None


def _kept(value: Any) -> Any:
    return read_message(value) if isinstance(value, str) else value


KeptMessage = Annotated[Message, BeforeValidator(_kept)]
"""A message as a field of a document; documents of before have a sentence there."""
MaybeMessage = Annotated[Message | None, BeforeValidator(_kept)]


def in_language(value: Any, language: str) -> Any:
    """`value`, plain data as JSON has it, with each message in it as text in `language`."""
    match value:
        case Message():
            return value.text(language)
        case Mapping():
            return {name: in_language(each, language) for name, each in value.items()}
        case list() | tuple():
            return [in_language(each, language) for each in value]
    return value


def invalid(id_: str, /, **params: str | int | float) -> PydanticCustomError:
    """What a validator of a pydantic model raises: `recipes.base.explain` finds id and parameters."""
    return PydanticCustomError(id_, template(id_, DEFAULT), params)


def _shown(value: str | int | float | Message | list[str | Message], language: str) -> Text:
    match value:
        case Message():
            return value.text(language)
        case list():
            return ListOf(tuple(str(_shown(each, language)) for each in value))
        case float():
            return f"{value:g}"
    return str(value)
