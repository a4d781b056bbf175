"""The word filter: evasions are caught, innocents pass, places are those of the original text."""

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
from tests.unit.safety.tables import EVASIONS, INNOCENT


@pytest.fixture(scope="module")
def lists() -> WordLists:
    return WordLists((bundled_path("assets") / "words",))


FOLDER = TextNormalizer()
FILTER = WordLists((bundled_path("assets") / "words",)).load_filter()


@pytest.mark.parametrize("text", EVASIONS)
def test_what_must_not_pass_is_blocked_however_it_is_written(lists: WordLists, text: str) -> None:
    assert lists.load_filter().check(text).action == "block"


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_it_passes(lists: WordLists, text: str) -> None:
    assert lists.load_filter().check(text) == TextModerationResult()


@pytest.mark.parametrize(
    ("text", "severity", "masked"),
    [
        ("a bloody  dress and a gun", "mask", "a dress and a"),
        ("穿比基尼的女孩", "mask", "穿 的女孩"),
        ("a bomb of colour", "flag", "a bomb of colour"),
    ],
)
def test_lesser_words_are_left_out_or_taken_down(
    lists: WordLists, text: str, severity: str, masked: str
) -> None:
    verdict = lists.load_filter().check(text)
    assert verdict.action == severity
    assert verdict.apply_mask(text) == masked


def test_a_match_tells_where_it_stood() -> None:
    text = "so ｆ.u.c.k it"
    verdict = WordFilter({"block": ["fuck"]}).check(text)
    [match] = verdict.matches
    assert text[match.start : match.end] == "ｆ.u.c.k"
    assert match.entry == "fuck"


def test_what_a_star_stands_for_is_part_of_the_match() -> None:
    words = WordFilter({"mask": ["frob*", "*nox", "*mid*"]})
    for text in ("a frobbing dress", "a blinox dress", "a amidst dress"):
        assert words.check(text).apply_mask(text) == "a dress"


def test_stars_stand_for_letters_and_what_is_allowed_beats_all() -> None:
    words = WordFilter(
        {"block": ["cat*"], "mask": ["*dog"], None: ["catalogue"], "flag": ["cat*"]}
    )  # fmt: skip
    assert words.check("cats").action == "block"
    assert words.check("bobcat").action is None
    assert words.check("hotdog").action == "mask"
    assert words.check("a catalogue").action is None
    assert words.check("a catalogue of cats").action == "block"


def test_a_list_says_what_its_entries_are_for() -> None:
    text = "# ours\n[block]\nfoo  # why\n[allow]\nfoo bar\n"
    words = {"flag": [], "mask": [], "block": ["foo"], None: ["foo bar"]}
    assert parse_word_list(text, "x").words == words
    with pytest.raises(InvalidDocumentError, match=r"x, line 1: write \[block\]"):
        parse_word_list("[ban]\nfoo", "x")
    with pytest.raises(InvalidDocumentError, match="x, line 1: say first what for"):
        parse_word_list("foo", "x")


def test_lists_are_read_again_when_they_change(tmp_path: Path) -> None:
    own = tmp_path / "words"
    lists = WordLists((own,))
    assert lists.load_filter().check("frobnicate").action is None
    own.mkdir()
    (own / "mine.txt").write_text("[block]\nfrobnicate\n")
    assert lists.load_filter().check("frobnicate").action == "block"
    before = lists.load_filter()
    assert lists.load_filter() is before
    (own / "mine.txt").unlink()
    assert lists.load_filter().check("frobnicate").action is None


@given(st.text(max_size=200))
@settings(deadline=None)
def test_whatever_is_written_folds_and_keeps_its_places(text: str) -> None:
    folded = FOLDER.normalize(text)
    assert len(folded.text) == len(folded.source_indices)
    assert all(0 <= place < len(text) for place in folded.source_indices)
    assert FOLDER.normalize(folded.text).text == folded.text
    verdict = FILTER.check(text)
    assert all(0 <= match.start < match.end <= len(text) for match in verdict.matches)


@given(
    st.sampled_from(["whore", "bitch", "penis"]),
    st.sampled_from(["", " ", ".", "-", "_", "*", "\u200b", " . "]),
    st.sampled_from([str, str.upper, str.title]),
    st.text("xyzqj ", max_size=20),
)
@settings(deadline=None)
def test_letters_apart_are_read_together(
    word: str, between: str, case: object, around: str
) -> None:
    assert callable(case)
    written = case(between.join(word))
    verdict = WordFilter({"block": [word]}).check(f"{around} {written} {around}")
    assert verdict.action == "block"


# Issue 18, 13: each way of reading, on a list of its own.
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
def test_a_word_is_read_as_it_is_meant(entry: str, text: str) -> None:
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
def test_a_word_is_not_read_into_others(lists: WordLists, entry: str, text: str) -> None:
    ordinary = frozenset(("node", "nudge"))
    assert WordFilter({"block": [entry]}, ordinary=ordinary).check(text) == TextModerationResult()


def test_a_star_has_chinese_found_within_words() -> None:
    assert WordFilter({"block": ["裸女"]}).check("裸女孩").action is None
    assert WordFilter({"block": ["裸女*"]}).check("裸女孩").action == "block"
    assert WordFilter({"block": ["口交*"]}).check("出口交通").action is None
    assert WordFilter({"block": ["*口交*"]}).check("出口交通").action == "block"


def test_words_glued_to_others_are_found() -> None:
    words = WordFilter({"block": ["nude"]}, {"glued": ["girl", "hot"]})
    for text in ("nudegirl", "hotnude", "hotnudegirl"):
        assert words.check(text).action == "block"
    assert words.check("denuded").action is None


# Issue 18, 14 (review 2.8).
def test_what_is_allowed_counts_only_where_it_was_found() -> None:
    words = WordFilter({"block": ["nude"], None: ["*berry*"]})
    assert words.check("x nude berry").action == "block"
    assert words.check("a nude, blueberry").action == "block"


def test_filters_judge_from_many_threads(lists: WordLists) -> None:
    texts = ["裸ti女孩", "黄色情侣装", "a red dress", "n%75de"] * 8
    with ThreadPoolExecutor(8) as threads:
        verdicts = [*threads.map(lambda text: lists.load_filter().check(text).action, texts)]
    assert verdicts == ["block", None, None, "block"] * 8


@pytest.mark.parametrize(
    "text",
    ["qzx " * 100 + "nekkid", "n" * 3 + "a" * 2 + "k" * 4 + "e" * 2 + "d" * 5, "hotnudebabe" * 6, "pinimo " * 60 + "裸ti"],
)  # fmt: skip
def test_what_comes_after_much_else_is_read_as_well(lists: WordLists, text: str) -> None:
    assert lists.load_filter().check(text).action == "block"
