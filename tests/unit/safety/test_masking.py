"""Words to be masked leave a space, and what is left is judged again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.words import WORD_LISTS_DIR, bundled_entries, leaks, nested_texts
from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists

SHIPPED = WordLists((WORD_LISTS_DIR,)).load_filter()
BLOCKS, MASKS = bundled_entries("block"), bundled_entries("mask")


# Issue 18, 10: each of these was drawn as the blocked word that it holds.
@pytest.mark.parametrize(
    "text",
    ["na手枪ked girl", "裸手枪体女孩", "nu啤酒de woman", "强啤酒奸", "fu内衣ck", "se gun x", "na 🔫ked", "na&#26538;支ked"],
)  # fmt: skip
def test_what_stands_around_a_masked_word_is_judged_together(text: str) -> None:
    assert SHIPPED.check(text).action == "block"


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_mask_within_a_blocked_entry_lets_it_through(data: st.DataObject) -> None:
    block = data.draw(st.sampled_from(BLOCKS))
    mask = data.draw(st.sampled_from(MASKS))
    place = data.draw(st.integers(0, len(block)))
    around = data.draw(st.sampled_from(["", " ", ".", "，"]))
    assert not leaks(f"a {block[:place]}{around}{mask}{around}{block[place:]} b", SHIPPED.check)


def test_every_blocked_entry_holds_one_mask_at_every_place() -> None:
    """One mask entry in turn; `python -m benchmarks.words --pairs` takes each of them."""
    for number, block in enumerate(BLOCKS):
        for text in nested_texts([MASKS[number % len(MASKS)]], [block]):
            assert not leaks(text, SHIPPED.check), text


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a red gun dress", "a red dress"),
        ("a lady with a knife, and a hat", "a lady with a , and a hat"),
        ("穿比基尼的女孩", "穿 的女孩"),
        ("gu gun n", ""),
    ],
)
def test_what_is_left_reads_as_a_prompt(text: str, drawn: str) -> None:
    assert SHIPPED.check(text).apply_mask(text) == drawn


def test_masks_within_masks_come_to_an_end() -> None:
    words = WordFilter({"mask": ["ab"]})
    nested = "a " * 60 + "b " * 60
    assert words.check(nested).action in ("mask", None)
    deep = WordFilter({"mask": ["xyz"]})
    assert deep.check("xy " * 40 + "xyz" + " z" * 40).action is not None


def test_places_of_later_looks_are_those_of_the_text() -> None:
    text = "a na手枪ked girl"
    found = {match.entry: text[match.start : match.end] for match in SHIPPED.check(text).matches}
    assert found == {"手枪": "手枪", "naked": "na手枪ked"}
