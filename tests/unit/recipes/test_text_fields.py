"""Issue 18, 9: what signs a text from outside may hold, wherever it is written."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from studio.errors import InvalidDocumentError, InvalidInputError
from studio.recipes.base import parse_document, parse_stored_document
from studio.recipes.text_fields import LINE, TEXT, Name, Note, check_line, check_text
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import Preset
from tests import examples


class Both(BaseModel):
    line: Annotated[str, LINE] = ""
    text: Annotated[str, Field(max_length=20), TEXT] = ""


@pytest.mark.parametrize("sign", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\ud800"])
def test_control_characters_are_refused_in_lines_and_texts(sign: str) -> None:
    for field in ("line", "text"):
        with pytest.raises(ValidationError):
            Both(**{field: f"a{sign}b"})
    for check in (check_line, check_text):
        with pytest.raises(
            InvalidInputError, match=f"the note holds the control character U\\+{ord(sign):04X}"
        ):
            check(f"a{sign}b", "the note")


@pytest.mark.parametrize("sign", ["\n", "\r", "\t", "\u2028", "\u202e", "\u2066"])
def test_line_ends_and_what_reverses_signs_are_refused_in_lines_alone(sign: str) -> None:
    assert Both(text=f"a{sign}b").text == f"a{sign}b"
    with pytest.raises(ValidationError):
        Both(line=f"a{sign}b")


@pytest.mark.parametrize(
    "said", ["春日野餐", "ألوان\u200f", "👩‍👩‍👧", "naïve – “quoted”", "0.4 (x)"]
)
def test_everybody_writes_as_they_do(said: str) -> None:
    assert Both(line=said, text=said).line == said


def test_limits_of_length_are_still_told_in_the_schema() -> None:
    assert TypeAdapter(Name).json_schema() == {"type": "string", "minLength": 1, "maxLength": 80}
    assert TypeAdapter(Note).json_schema() == {"type": "string", "maxLength": 1000}


def test_what_an_older_studio_kept_is_still_read() -> None:
    order = DeploymentSpec(slug="picnic", version=1).model_copy(
        update={"note": "a\0b", "author": "bo\n"}
    )
    document = order.model_dump_json()
    assert parse_stored_document(DeploymentSpec, document, "it") == order
    with pytest.raises(
        InvalidDocumentError, match=r"author: it holds the control character U\+000A: leave it out"
    ):
        parse_document(DeploymentSpec, document, "it")


@pytest.mark.parametrize("field", ["name", "description", "theme_prompt"])
def test_a_preset_file_with_control_characters_is_refused(field: str) -> None:
    preset = examples.preset().model_copy(update={field: "\x1b]0;owned\x07"})
    with pytest.raises(InvalidDocumentError, match=field):
        parse_document(Preset, preset.to_json(), "the preset file")


# Issue 18, 11: one with 90,000 stopped the API for 208 seconds.
def test_a_preset_names_a_hundred_base_images_at_most() -> None:
    preset = examples.preset().model_copy(
        update={"base_images": tuple(f"b{n}" for n in range(101))}
    )
    with pytest.raises(InvalidDocumentError, match="base_images"):
        parse_document(Preset, preset.to_json(), "the preset file")
