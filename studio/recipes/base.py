"""The frozen model that every document of the studio is built on, and the way it is read."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from studio.errors import BadDocument
from studio.recipes.text import KEPT

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


def read_document(kind: type[Document], text: str | bytes, what: str) -> Document:
    """`text` as a document of `kind`; `what` names it in the error ("the preset file x.json").

    Raises BadDocument with every field that does not hold, in one line.
    """
    return _read(kind, text, what, {})


def read_kept(kind: type[Document], text: str | bytes, what: str) -> Document:
    """The same for a document of our own store: signs that are refused today (`recipes/text.py`), and
    an older studio let in, are let pass."""
    return _read(kind, text, what, {KEPT: True})


def _read(
    kind: type[Document], text: str | bytes, what: str, context: Mapping[str, bool]
) -> Document:
    try:
        return kind.model_validate_json(text, context=context)
    except ValidationError as error:
        raise BadDocument(f"{what} does not hold: {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """Pydantic's findings as one line: `recipes.A.steps: should be at most 150 (got 900)`."""
    found = error.errors(include_url=False)
    lines = [_line(dict(each)) for each in found[:5]]
    if len(found) > 5:
        lines.append(f"and {len(found) - 5} more")
    return "; ".join(lines)


def _line(each: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in each["loc"]) or "the whole"
    message = str(each["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    given = repr(each["input"])
    shown = f" (got {given})" if len(given) <= 40 and each["type"] != "missing" else ""
    return f"{place}: {message}{shown}"
