"""A masked word leaves a space, and the masked text is checked again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.words import WORD_LISTS_DIR, bundled_entries, leaks, nested_texts
from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists

BUNDLED = WordLists((WORD_LISTS_DIR,)).load_filter()
BLOCKS, MASKS = bundled_entries("block"), bundled_entries("mask")


# Issue 18, 10: masking turned each of these into a blocked word, which was rendered.
@pytest.mark.parametrize(
    "text",
    [
        "na手枪ked girl",
        "裸手枪体女孩",
        "nu啤酒de woman",
        "强啤酒奸",
        "fu内衣ck",
        "se gun x",
        "na 🔫ked",
        "na&#26538;支ked",
    ],
)
def test_text_around_a_masked_word_is_checked_together(text: str) -> None:
    assert BUNDLED.check(text).action == "block"


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_mask_entry_within_a_block_entry_does_not_leak(data: st.DataObject) -> None:
    block = data.draw(st.sampled_from(BLOCKS))
    mask = data.draw(st.sampled_from(MASKS))
    position = data.draw(st.integers(0, len(block)))
    separator = data.draw(st.sampled_from(["", " ", ".", "，"]))
    assert not leaks(
        f"a {block[:position]}{separator}{mask}{separator}{block[position:]} b", BUNDLED.check
    )


def test_one_mask_entry_at_every_position_of_each_block_entry_does_not_leak() -> None:
    """`python -m benchmarks.words --pairs` tries every mask entry."""
    for number, block in enumerate(BLOCKS):
        for text in nested_texts([MASKS[number % len(MASKS)]], [block]):
            assert not leaks(text, BUNDLED.check), text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a red gun dress", "a red dress"),
        ("a lady with a knife, and a hat", "a lady with a , and a hat"),
        ("穿比基尼的女孩", "穿 的女孩"),
        ("gu gun n", ""),
    ],
)
def test_masked_text(text: str, masked: str) -> None:
    assert BUNDLED.check(text).apply_mask(text) == masked


def test_nested_masks_terminate() -> None:
    words = WordFilter({"mask": ["ab"]})
    nested = "a " * 60 + "b " * 60
    assert words.check(nested).action in ("mask", None)
    deep = WordFilter({"mask": ["xyz"]})
    assert deep.check("xy " * 40 + "xyz" + " z" * 40).action is not None


def test_matches_of_later_passes_have_positions_in_the_original_text() -> None:
    text = "a na手枪ked girl"
    matched = {match.entry: text[match.start : match.end] for match in BUNDLED.check(text).matches}
    assert matched == {"手枪": "手枪", "naked": "na手枪ked"}
