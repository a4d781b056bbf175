"""Field types for text from outside, which refuse control characters.

`LINE` and `TEXT` are used in annotations: `Annotated[str, Field(max_length=80), LINE]`.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from studio.errors import InvalidInputError
from studio.message_fields import invalid
from studio.messages import Message

STORED = "stored"
"""Key of the validation context: the document comes from the studio's own database, where older versions
may have stored characters that are refused today."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 without tabs and line ends, C1, and lone surrogates, which UTF-8 cannot encode."""
_CONTROL_IN_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""In one line also line ends, and the bidirectional controls that reorder the text behind them."""


def check_line(text: str, label: str | Message) -> str:
    """Returns a text of one line unchanged.

    Raises:
        InvalidInputError: it contains a control character; `label` says which input that is.
    """
    return _check(text, _CONTROL_IN_LINE, label)


def check_text(text: str, label: str | Message) -> str:
    """Returns a text of any number of lines unchanged.

    Raises:
        InvalidInputError: it contains a control character; `label` says which input that is.
    """
    return _check(text, _CONTROL, label)


def to_line(text: str) -> str:
    """The text in one line that `LINE` accepts: what it refuses, and white space, become single spaces."""
    return " ".join(_CONTROL_IN_LINE.sub(" ", text).split())


def _check(text: str, pattern: re.Pattern[str], label: str | Message) -> str:
    if character := _first_match(text, pattern):
        raise InvalidInputError("request.control_character_in", what=label, character=character)
    return text


def _first_match(text: str, pattern: re.Pattern[str]) -> str | None:
    """The first refused character in Unicode's notation, such as U+0007."""
    match = pattern.search(text)
    return None if match is None else f"U+{ord(match[0]):04X}"


def _line(text: str, info: ValidationInfo) -> str:
    return _validate(text, _CONTROL_IN_LINE, info)


def _text(text: str, info: ValidationInfo) -> str:
    return _validate(text, _CONTROL, info)


def _validate(text: str, pattern: re.Pattern[str], info: ValidationInfo) -> str:
    if info.context is not None and info.context.get(STORED):
        return text
    if character := _first_match(text, pattern):
        raise invalid("request.control_character", character=character)
    return text


LINE, TEXT = AfterValidator(_line), AfterValidator(_text)
"""Validators for a field of one line, such as a name, and for one of several, such as a prompt."""

Name = Annotated[str, Field(min_length=1, max_length=80), LINE]
Author = Annotated[str, Field(max_length=80), LINE]
"""The person who did something; empty where it is unknown."""
Title = Annotated[str, Field(min_length=1, max_length=120), LINE]
Note = Annotated[str, Field(max_length=1000), TEXT]
Reason = Annotated[str, Field(min_length=1, max_length=500), TEXT]
"""The reason for a decision."""
Search = Annotated[str, Field(max_length=200), LINE]
