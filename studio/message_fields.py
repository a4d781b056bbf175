"""Messages in pydantic models: field types, and errors that validators raise."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from studio.locales import DEFAULT, template
from studio.messages import Message, read_message


def _parse(value: Any) -> Any:
    return read_message(value) if isinstance(value, str) else value


StoredMessage = Annotated[Message, BeforeValidator(_parse)]
"""A message in a stored document. Older documents have an English sentence there."""
MaybeMessage = Annotated[Message | None, BeforeValidator(_parse)]


def invalid(id_: str, /, **params: str | int | float) -> PydanticCustomError:
    """An error with a message id for a pydantic validator to raise.

    `recipes.base.format_validation_error` turns it into a message.
    """
    return PydanticCustomError(id_, template(id_, DEFAULT), params)
