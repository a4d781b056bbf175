"""Issue 18, 9: control characters in text fields from outside."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from studio.errors import InvalidDocumentError, InvalidInputError
from studio.recipes.base import parse_document, parse_stored_document
from studio.recipes.text_fields import LINE, TEXT, Name, Note, check_line, check_text
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import Preset
from tests import examples


class Fields(BaseModel):
    line: Annotated[str, LINE] = ""
    text: Annotated[str, Field(max_length=20), TEXT] = ""


@pytest.mark.parametrize("char", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\ud800"])
def test_control_characters_are_refused_in_lines_and_texts(char: str) -> None:
    for field in ("line", "text"):
        with pytest.raises(ValidationError):
            Fields(**{field: f"a{char}b"})
    for check in (check_line, check_text):
        with pytest.raises(
            InvalidInputError, match=f"Note contains the control character U\\+{ord(char):04X}"
        ):
            check(f"a{char}b", "Note")


@pytest.mark.parametrize("char", ["\n", "\r", "\t", "\u2028", "\u202e", "\u2066"])
def test_line_ends_and_bidirectional_controls_are_refused_in_lines(char: str) -> None:
    assert Fields(text=f"a{char}b").text == f"a{char}b"
    with pytest.raises(ValidationError):
        Fields(line=f"a{char}b")


@pytest.mark.parametrize(
    "value", ["春日野餐", "ألوان\u200f", "👩‍👩‍👧", "naïve – “quoted”", "0.4 (x)"]
)
def test_text_in_any_script_is_accepted(value: str) -> None:
    assert Fields(line=value, text=value).line == value


def test_schema_contains_the_length_limits() -> None:
    assert TypeAdapter(Name).json_schema() == {"type": "string", "minLength": 1, "maxLength": 80}
    assert TypeAdapter(Note).json_schema() == {"type": "string", "maxLength": 1000}


def test_stored_document_with_control_characters_is_read() -> None:
    spec = DeploymentSpec(slug="picnic", version=1).model_copy(
        update={"note": "a\0b", "author": "bo\n"}
    )
    document = spec.model_dump_json()
    assert parse_stored_document(DeploymentSpec, document, "it") == spec
    with pytest.raises(
        InvalidDocumentError, match=r"author: contains the control character U\+000A; remove it"
    ):
        parse_document(DeploymentSpec, document, "it")


@pytest.mark.parametrize("field", ["name", "description", "theme_prompt"])
def test_preset_file_with_control_characters_is_refused(field: str) -> None:
    preset = examples.preset().model_copy(update={field: "\x1b]0;owned\x07"})
    with pytest.raises(InvalidDocumentError, match=field):
        parse_document(Preset, preset.to_json(), "the preset file")


# Issue 18, 11: one with 90,000 stopped the API for 208 seconds.
def test_number_of_base_images_is_limited() -> None:
    preset = examples.preset().model_copy(
        update={"base_images": tuple(f"b{n}" for n in range(101))}
    )
    with pytest.raises(InvalidDocumentError, match="base_images"):
        parse_document(Preset, preset.to_json(), "the preset file")
