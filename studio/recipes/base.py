"""The frozen model that every document of the studio is built on, and the way it is read."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from studio.errors import BadDocument
from studio.locales import DEFAULT, templates
from studio.messages import Message, message
from studio.recipes.text import KEPT

MOST_FINDINGS = 5
"""Fields that an explanation names; further ones are counted."""

Document = TypeVar("Document", bound=BaseModel)


class Frozen(BaseModel):
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


def read_document(kind: type[Document], text: str | bytes, what: str | Message) -> Document:
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
        raise BadDocument("request.document_invalid", what=what, reason=explain(error)) from None


def explain(error: ValidationError) -> Message:
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
        return message(str(error["msg"]))
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
