"""The word filter: evasions, harmless texts, positions in the original text."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import InvalidDocumentError
from studio.recipes.moderation import TextModerationResult
from studio.safety.text_normalization import TextNormalizer
from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists, parse_word_list
from studio.settings import bundled_path
from tests.unit.safety.tables import EVASIONS, HARMLESS


@pytest.fixture(scope="module")
def lists() -> WordLists:
    return WordLists((bundled_path("assets") / "words",))


NORMALIZER = TextNormalizer()
FILTER = WordLists((bundled_path("assets") / "words",)).load_filter()


@pytest.mark.parametrize("text", EVASIONS)
def test_evasions_are_blocked(lists: WordLists, text: str) -> None:
    assert lists.load_filter().check(text).action == "block"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_pass(lists: WordLists, text: str) -> None:
    assert lists.load_filter().check(text) == TextModerationResult()


@pytest.mark.parametrize(
    ("text", "action", "masked"),
    [
        ("a bloody  dress and a gun", "mask", "a dress and a"),
        ("穿比基尼的女孩", "mask", "穿 的女孩"),
        ("a bomb of colour", "flag", "a bomb of colour"),
    ],
)
def test_mask_and_flag_entries(lists: WordLists, text: str, action: str, masked: str) -> None:
    result = lists.load_filter().check(text)
    assert result.action == action
    assert result.apply_mask(text) == masked


def test_match_has_its_position() -> None:
    text = "so ｆ.u.c.k it"
    [match] = WordFilter({"block": ["fuck"]}).check(text).matches
    assert text[match.start : match.end] == "ｆ.u.c.k"
    assert match.entry == "fuck"


def test_letters_of_a_star_are_part_of_the_match() -> None:
    words = WordFilter({"mask": ["frob*", "*nox", "*mid*"]})
    for text in ("a frobbing dress", "a blinox dress", "a amidst dress"):
        assert words.check(text).apply_mask(text) == "a dress"


def test_star_matches_letters_and_allow_takes_precedence() -> None:
    words = WordFilter({"block": ["cat*"], "mask": ["*dog"], None: ["catalogue"], "flag": ["cat*"]})
    assert words.check("cats").action == "block"
    assert words.check("bobcat").action is None
    assert words.check("hotdog").action == "mask"
    assert words.check("a catalogue").action is None
    assert words.check("a catalogue of cats").action == "block"


def test_word_list_sections() -> None:
    text = "# custom\n[block]\nfoo  # why\n[allow]\nfoo bar\n"
    words = {"flag": [], "mask": [], "block": ["foo"], None: ["foo bar"]}
    assert parse_word_list(text, "x").words == words
    with pytest.raises(InvalidDocumentError, match="x, line 1: unknown section"):
        parse_word_list("[ban]\nfoo", "x")
    with pytest.raises(InvalidDocumentError, match="x, line 1: no section"):
        parse_word_list("foo", "x")


def test_lists_are_reloaded_when_they_change(tmp_path: Path) -> None:
    directory = tmp_path / "words"
    lists = WordLists((directory,))
    assert lists.load_filter().check("frobnicate").action is None
    directory.mkdir()
    (directory / "mine.txt").write_text("[block]\nfrobnicate\n")
    assert lists.load_filter().check("frobnicate").action == "block"
    before = lists.load_filter()
    assert lists.load_filter() is before
    (directory / "mine.txt").unlink()
    assert lists.load_filter().check("frobnicate").action is None


@given(st.text(max_size=200))
@settings(deadline=None)
def test_normalization_is_idempotent_and_keeps_source_indices(text: str) -> None:
    normalized = NORMALIZER.normalize(text)
    assert len(normalized.text) == len(normalized.source_indices)
    assert all(0 <= index < len(text) for index in normalized.source_indices)
    assert NORMALIZER.normalize(normalized.text).text == normalized.text
    result = FILTER.check(text)
    assert all(0 <= match.start < match.end <= len(text) for match in result.matches)


@given(
    st.sampled_from(["whore", "bitch", "penis"]),
    st.sampled_from(["", " ", ".", "-", "_", "*", "\u200b", " . "]),
    st.sampled_from([str, str.upper, str.title]),
    st.text("xyzqj ", max_size=20),
)
@settings(deadline=None)
def test_separated_letters_are_joined(word: str, separator: str, case: object, around: str) -> None:
    assert callable(case)
    spelling = case(separator.join(word))
    result = WordFilter({"block": [word]}).check(f"{around} {spelling} {around}")
    assert result.action == "block"


# Issue 18, 13: each kind of variant, with a list of one entry.
@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("nude", "ɴᴜᴅᴇ"),
        ("nude", "🅝🅤🅓🅔"),
        ("nude", "🇳🇺🇩🇪"),
        ("nude", "ǝpnu"),
        ("nude", "n\u3164u\u115fde"),
        ("nude", "(n)(u)(d)(e)"),
        ("nude", "|\\|ude"),
        ("nude", "n*de"),
        ("nude", "n%75de"),
        ("nude", "&#110;ude"),
        ("nude", "bnVkZQ=="),
        ("nude", "6e756465"),
        ("nude", "-. ..- -.. ."),
        ("nude", "edun"),
        ("nude", "ahqr"),
        ("nude", "nuude"),
        ("nude", "NudeGirl"),
        ("nude", "穿nude裙子"),
        ("~nude", "nood"),
        ("~naked", "nekkid"),
        ("~naked", "nakde"),
        ("~naked", "nkd"),
        ("~penis", "pegnis"),
        ("裸体", "祼体"),
        ("裸体", "衤果体"),
        ("裸体", "裸ti"),
        ("裸体", "luo 体"),
        ("~裸体", "裸提女孩"),
        ("~裸体", "l体"),
        ("🍆💦", "a 🍆 and 💦"),
        ("坏b", "坏B的"),
    ],
)
def test_evasive_spelling_is_found(entry: str, text: str) -> None:
    assert WordFilter({"block": [entry]}).check(text).action == "block"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("口交", "出口交通"),
        ("色情", "黄色情侣装"),
        ("装b", "西装black"),
        ("裸体", "裸T恤"),
        ("~裸体", "自由落体"),
        ("nude", "50%ac"),
        ("~nude", "node"),
        ("~大麻", "大妈"),
    ],
)
def test_entry_is_not_found_in_other_words(lists: WordLists, entry: str, text: str) -> None:
    ordinary = frozenset(("node", "nudge"))
    assert WordFilter({"block": [entry]}, ordinary=ordinary).check(text) == TextModerationResult()


def test_star_finds_chinese_entries_within_words() -> None:
    assert WordFilter({"block": ["裸女"]}).check("裸女孩").action is None
    assert WordFilter({"block": ["裸女*"]}).check("裸女孩").action == "block"
    assert WordFilter({"block": ["口交*"]}).check("出口交通").action is None
    assert WordFilter({"block": ["*口交*"]}).check("出口交通").action == "block"


def test_compounds_of_entries_and_companions_are_found() -> None:
    words = WordFilter({"block": ["nude"]}, {"glued": ["girl", "hot"]})
    for text in ("nudegirl", "hotnude", "hotnudegirl"):
        assert words.check(text).action == "block"
    assert words.check("denuded").action is None


# Issue 18, 14 (review 2.8).
def test_allowed_entry_counts_only_where_it_was_found() -> None:
    words = WordFilter({"block": ["nude"], None: ["*berry*"]})
    assert words.check("x nude berry").action == "block"
    assert words.check("a nude, blueberry").action == "block"


def test_filter_is_thread_safe(lists: WordLists) -> None:
    texts = ["裸ti女孩", "黄色情侣装", "a red dress", "n%75de"] * 8
    with ThreadPoolExecutor(8) as threads:
        actions = [*threads.map(lambda text: lists.load_filter().check(text).action, texts)]
    assert actions == ["block", None, None, "block"] * 8


@pytest.mark.parametrize(
    "text",
    ["qzx " * 100 + "nekkid", "n" * 3 + "a" * 2 + "k" * 4 + "e" * 2 + "d" * 5, "hotnudebabe" * 6, "pinimo " * 60 + "裸ti"],
)  # fmt: skip
def test_entry_at_the_end_of_a_long_text_is_found(lists: WordLists, text: str) -> None:
    assert lists.load_filter().check(text).action == "block"
