"""A1111's prompt syntax: a table of prompts with their weights, and property tests of the parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.recipes.generation.prompt_syntax import (
    MAX_WEIGHT,
    LoraReference,
    WeightedFragment,
    parse_prompt,
)

TABLE: dict[str, list[tuple[str, float]]] = {
    "a red dress": [("a red dress", 1)],
    "": [],
    "  a dress ": [("a dress", 1)],
    "a (red) dress": [("a ", 1), ("red", 1.1), (" dress", 1)],
    "a ((red)) dress": [("a ", 1), ("red", 1.21), (" dress", 1)],
    "a [red] dress": [("a ", 1), ("red", 1 / 1.1), (" dress", 1)],
    "a (red:1.4) dress": [("a ", 1), ("red", 1.4), (" dress", 1)],
    "(a (red:2) dress:0.5)": [("a ", 0.5), ("red", 1.0), (" dress", 0.5)],
    "(red: 1.3 )": [("red", 1.3)],
    "(red:.5)": [("red", 0.5)],
    "([red])": [("red", 1.0)],
    r"a \(red\) dress": [("a (red) dress", 1)],
    r"a \[red\] \\ dress": [("a [red] \\ dress", 1)],
    "a (red dress": [("a ", 1), ("red dress", 1.1)],
    "a red) dress": [("a red) dress", 1)],
    "time: 12:30": [("time: 12:30", 1)],
    "a [red) dress": [("a ", 1), ("red) dress", 1 / 1.1)],
    "(red:99)": [("red", MAX_WEIGHT)],
    "[a:1.5]": [("a:1.5", 1 / 1.1)],
}


@pytest.mark.parametrize("prompt", TABLE)
def test_emphasis_is_parsed(prompt: str) -> None:
    parsed = parse_prompt(prompt)
    assert [fragment.text for fragment in parsed.fragments] == [text for text, _ in TABLE[prompt]]
    assert [fragment.weight for fragment in parsed.fragments] == pytest.approx(
        [weight for _, weight in TABLE[prompt]]
    )


def test_lora_tags_are_extracted_from_the_text() -> None:
    parsed = parse_prompt("a dress <lora:pastel:0.8>, blue <lora:neon> (x:1.2) <lora:ink:-0.5>")
    assert parsed.loras == (
        LoraReference("pastel", 0.8),
        LoraReference("neon", 1.0),
        LoraReference("ink", -0.5),
    )
    assert parsed.text == "a dress , blue  x"


# Issue 18, 17.
@pytest.mark.parametrize(
    "name",
    ["Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "[a]+100%!", "春日 🎨", "1.5", "a..b"],
)  # fmt: skip
def test_lora_tag_accepts_any_model_name(name: str) -> None:
    parsed = parse_prompt(f"(a <lora:{name}:0.8> dress), <lora:{name}>")
    assert parsed.loras == (LoraReference(name, 0.8), LoraReference(name, 1.0))
    assert parsed.text == "a  dress,"


@given(st.text(alphabet="ab ()[]:\\.<>1", max_size=60))
def test_any_prompt_is_parsed_without_losing_text(prompt: str) -> None:
    parsed = parse_prompt(prompt)
    assert all(0 <= fragment.weight <= MAX_WEIGHT for fragment in parsed.fragments)
    assert parsed.text.count("a") == prompt.count("a")
    assert parsed.text.count("b") == prompt.count("b")


@given(st.text(alphabet=st.characters(exclude_characters="()[]\\:<>"), max_size=60))
def test_text_without_syntax_is_unchanged(prompt: str) -> None:
    assert parse_prompt(prompt).fragments == (
        (WeightedFragment(prompt.strip()),) if prompt.strip() else ()
    )
