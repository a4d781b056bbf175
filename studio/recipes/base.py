"""The frozen model that every document of the studio is built on, and the way it is read."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from studio.errors import InvalidDocumentError
from studio.locales import DEFAULT, templates
from studio.messages import Message, message
from studio.recipes.old_formats import upgrade_fields
from studio.recipes.text_fields import KEPT

MOST_FINDINGS = 5
"""Fields that an explanation names; further ones are counted."""

Document = TypeVar("Document", bound=BaseModel)


class FrozenModel(BaseModel):
    """A value: never changed, only replaced; unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        serialize_by_alias=True,
        # Jobs carry pictures, and must cross to another machine as text.
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields replaced, unvalidated. Raises AttributeError for a name that is no field."""
        if unknown := (update or {}).keys() - type(self).model_fields.keys():
            raise AttributeError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        return super().model_copy(update=update, deep=deep)


class StoredModel(FrozenModel):
    """A document that is stored: it can be read with the field names of older versions, too."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade_fields(cls, document: Any) -> Any:
        return upgrade_fields(cls.__name__, document)


def parse_document(kind: type[Document], text: str | bytes, what: str | Message) -> Document:
    """`text` as a document of `kind`; `what` names it in the error ("the preset file x.json").

    Raises BadDocument with every field that does not hold, in one line.
    """
    return _read(kind, text, what, {})


def read_kept(kind: type[Document], text: str | bytes, what: str | Message) -> Document:
    """The same for a document of our own store: signs that are refused today (`recipes/text.py`), and
    an older studio let in, are let pass."""
    return _read(kind, text, what, {KEPT: True})


def _read(
    kind: type[Document], text: str | bytes, what: str | Message, context: Mapping[str, bool]
) -> Document:
    try:
        return kind.model_validate_json(text, context=context)
    except ValidationError as error:
        raise InvalidDocumentError(
            "request.document_invalid", what=what, reason=format_validation_error(error)
        ) from None


def format_validation_error(error: ValidationError) -> Message:
    """Pydantic's findings as one line: `recipes.A.steps: should be at most 150 (got 900)`."""
    found = error.errors(include_url=False)
    lines = [_line(dict(each)) for each in found[:MOST_FINDINGS]]
    if len(found) > MOST_FINDINGS:
        lines.append(message("list.more", count=len(found) - MOST_FINDINGS))
    return one_line(lines)


def one_line(sentences: Sequence[Message]) -> Message:
    """Sentences one after another, in each language with its own sign between them."""
    return reduce(lambda first, rest: message("list.pair", first=first, rest=rest), sentences)


def finding(error: Mapping[str, Any]) -> Message:
    """What one of pydantic's (or FastAPI's) errors says, without its place and what was given."""
    kind, context = str(error["type"]), dict(error.get("ctx") or {})
    if kind == "value_error" and "error" in context:
        return message(str(context["error"]))  # A sentence of another library.
    id_ = kind if "." in kind else f"pydantic.{kind}"
    if 1 in (context.get("min_length"), context.get("max_length")):
        id_ = f"{id_}_one"
    if id_ not in templates(DEFAULT):
        return message(str(error["msg"]).replace("Input should", "should"))
    return message(
        id_, **{k: v if isinstance(v, int | float) else str(v) for k, v in context.items()}
    )


def _line(error: dict[str, Any]) -> Message:
    place = ".".join(str(part) for part in error["loc"])
    field = place or message("request.whole_document")
    given = repr(error["input"])
    if len(given) <= 40 and error["type"] != "missing":
        return message("request.field_invalid_got", field=field, reason=finding(error), value=given)
    return message("request.field_invalid", field=field, reason=finding(error))
