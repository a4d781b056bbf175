"""The frozen pydantic models that every document of the studio is built on, and how JSON is parsed into them."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from studio.errors import InvalidDocumentError
from studio.locales import DEFAULT, templates
from studio.messages import Message, message
from studio.recipes.old_formats import upgrade_fields
from studio.recipes.text_fields import STORED

MAX_FINDINGS = 5
"""Invalid fields that one error message names; further ones are counted."""
MAX_INPUT_CHARS = 40
"""Characters of an invalid value that an error message repeats; longer values are left out."""

Document = TypeVar("Document", bound=BaseModel)


class FrozenModel(BaseModel):
    """An immutable value object; unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        serialize_by_alias=True,
        # Jobs contain PNG bytes and are sent to worker machines as JSON text.
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields replaced. The new values are not validated.

        Raises:
            TypeError: `update` contains a name that is not a field.
        """
        if unknown := (update or {}).keys() - type(self).model_fields.keys():
            raise AttributeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        return super().model_copy(update=update, deep=deep)


class StoredModel(FrozenModel):
    """A frozen model that is saved to files or the database.

    Documents with the field names of older versions are accepted (`recipes/old_formats.py`).
    """

    @model_validator(mode="before")
    @classmethod
    def _upgrade_fields(cls, document: Any) -> Any:
        return upgrade_fields(cls.__name__, document)


def parse_document(model: type[Document], text: str | bytes, label: str | Message) -> Document:
    """Parses JSON from outside into `model`.

    Args:
        model: class of the result.
        text: the JSON document.
        label: what the document is, for the error message ("the preset file x.json").

    Raises:
        InvalidDocumentError: names every invalid field, in one line.
    """
    return _parse(model, text, label, {})


def parse_stored_document(
    model: type[Document], text: str | bytes, label: str | Message
) -> Document:
    """Parses JSON from the studio's own database.

    As `parse_document`, but control characters in texts are accepted: older versions stored them
    (see `recipes/text_fields.py`).
    """
    return _parse(model, text, label, {STORED: True})


def _parse(
    model: type[Document], text: str | bytes, label: str | Message, context: Mapping[str, bool]
) -> Document:
    try:
        return model.model_validate_json(text, context=context)
    except ValidationError as error:
        raise InvalidDocumentError(
            "request.document_invalid", what=label, reason=format_validation_error(error)
        ) from None


def format_validation_error(error: ValidationError) -> Message:
    """All of pydantic's errors in one line: `recipes.A.steps: should be at most 150 (got 900)`."""
    errors = error.errors(include_url=False)
    lines = [_format_field_error(dict(details)) for details in errors[:MAX_FINDINGS]]
    if len(errors) > MAX_FINDINGS:
        lines.append(message("list.more", count=len(errors) - MAX_FINDINGS))
    return join_messages(lines)


def join_messages(messages: Sequence[Message]) -> Message:
    """Several messages as one, joined by the separator of the reader's language."""
    return reduce(lambda first, rest: message("list.pair", first=first, rest=rest), messages)


def describe_validation_error(error: Mapping[str, Any]) -> Message:
    """The reason of one error of pydantic or FastAPI, without the field and the input.

    Args:
        error: one entry of `ValidationError.errors()`.
    """
    error_type, context = str(error["type"]), dict(error.get("ctx") or {})
    if error_type == "value_error" and "error" in context:
        return message(str(context["error"]))  # Another library's sentence: it has no id.
    id_ = error_type if "." in error_type else f"pydantic.{error_type}"
    if 1 in (context.get("min_length"), context.get("max_length")):
        id_ = f"{id_}_one"
    if id_ not in templates(DEFAULT):
        return message(str(error["msg"]).replace("Input should", "should"))
    return message(
        id_, **{k: v if isinstance(v, int | float) else str(v) for k, v in context.items()}
    )


def _format_field_error(error: dict[str, Any]) -> Message:
    """One error with the path of its field, and with its input where that is short."""
    path = ".".join(str(key) for key in error["loc"])
    field = path or message("request.whole_document")
    value, reason = repr(error["input"]), describe_validation_error(error)
    if len(value) <= MAX_INPUT_CHARS and error["type"] != "missing":
        return message("request.field_invalid_got", field=field, reason=reason, value=value)
    return message("request.field_invalid", field=field, reason=reason)
