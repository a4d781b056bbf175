"""Text from outside: what signs it may hold, in one place for every field that somebody else fills in.

`LINE` and `TEXT` stand in a field's annotation: `Annotated[str, Field(max_length=80), LINE]`.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from studio.errors import InvalidInputError
from studio.message_fields import invalid
from studio.messages import Message

STORED = "kept"
"""In a validation's context: the document is of our own store, where an older studio may have let more in."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 but for tabs and line ends, C1, and halves of surrogate pairs, which no UTF-8 can carry."""
_CONTROL_IN_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""In a name also line ends, and what reverses the signs that follow it in a list."""


def check_line(text: str, what: str | Message) -> str:
    """A text of one line, as it came. Raises InputError, naming `what` it was to be."""
    return _checked(text, _CONTROL_IN_LINE, what)


def check_text(text: str, what: str | Message) -> str:
    """A text of any number of lines, as it came. Raises InputError, naming `what` it was to be."""
    return _checked(text, _CONTROL, what)


def _checked(text: str, refused: re.Pattern[str], what: str | Message) -> str:
    if character := _found(text, refused):
        raise InvalidInputError("request.control_character_in", what=what, character=character)
    return text


def _found(text: str, refused: re.Pattern[str]) -> str | None:
    """The first sign that is refused, as Unicode writes it: U+0007."""
    found = refused.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


def _line(text: str, info: ValidationInfo) -> str:
    return _validated(text, _CONTROL_IN_LINE, info)


def _text(text: str, info: ValidationInfo) -> str:
    return _validated(text, _CONTROL, info)


def _validated(text: str, refused: re.Pattern[str], info: ValidationInfo) -> str:
    if info.context is not None and info.context.get(STORED):
        return text
    if character := _found(text, refused):
        raise invalid("request.control_character", character=character)
    return text


LINE, TEXT = AfterValidator(_line), AfterValidator(_text)
"""For a field of one line, such as a name, and for one of several, such as a prompt."""

Name = Annotated[str, Field(min_length=1, max_length=80), LINE]
Author = Annotated[str, Field(max_length=80), LINE]
"""Who did something; empty where nobody says."""
Title = Annotated[str, Field(min_length=1, max_length=120), LINE]
Note = Annotated[str, Field(max_length=1000), TEXT]
Reason = Annotated[str, Field(min_length=1, max_length=500), TEXT]
"""Why somebody decided as they did."""
Search = Annotated[str, Field(max_length=200), LINE]
