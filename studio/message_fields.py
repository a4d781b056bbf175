"""Messages in pydantic's models: fields that hold one, and errors of validators."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from studio.locales import DEFAULT, template
from studio.messages import Message, read_message


def _kept(value: Any) -> Any:
    return read_message(value) if isinstance(value, str) else value


KeptMessage = Annotated[Message, BeforeValidator(_kept)]
"""A message as a field of a document; documents of before have a sentence there."""
MaybeMessage = Annotated[Message | None, BeforeValidator(_kept)]


def invalid(id_: str, /, **params: str | int | float) -> PydanticCustomError:
    """What a validator of a pydantic model raises: `recipes.base.explain` finds id and parameters."""
    return PydanticCustomError(id_, template(id_, DEFAULT), params)
