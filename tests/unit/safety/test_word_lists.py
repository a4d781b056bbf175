"""Own word lists: how files are encoded, what they may say, and what is wrong told with its line."""

from pathlib import Path

import pytest

from studio.errors import InvalidDocumentError
from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists, parse_word_list


def filter_of(folder: Path, content: bytes, name: str = "own.txt") -> WordFilter:
    (folder / name).write_bytes(content)
    return WordLists((folder,)).load_filter()


# Issue 18, 14 (review 2.8).
def test_a_byte_order_mark_is_none_of_a_list(tmp_path: Path) -> None:
    words = filter_of(tmp_path, "[block]\nfrob\n坏词\n".encode("utf-8-sig"))
    assert words.check("a frob").action == "block"
    assert words.check("这是坏词").action == "block"
    assert parse_word_list("\ufeff[block]\nfrob", "own.txt").words["block"] == ["frob"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[block]\nfrob\n坏词\n".encode("gbk"), 3),
        ("[block]\nfrob\n".encode("utf-16"), 1),
        (b"[block]\n\xff\n", 2),
    ],
)
def test_what_is_not_utf_8_is_told_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    with pytest.raises(InvalidDocumentError, match=rf"own\.txt, line {line}: this is not UTF-8"):
        filter_of(tmp_path, content)


def test_classes_are_words_that_phrases_call_by_a_name(tmp_path: Path) -> None:
    words = filter_of(
        tmp_path,
        b"""
[block]
nude
wearing no {clothes}
[allow]
nude {stuff*} {shoe}
[class clothes]
clothes trousers
[class shoe]
heels
[class stuff]
red high
""",
    )
    assert words.check("nude heels").action is None
    assert words.check("nude red high heels").action is None
    assert words.check("nude green heels").action == "block"
    assert words.check("nude lady in heels").action == "block"
    assert words.check("wearing no trousers").action == "block"
    assert words.check("wearing no hat").action is None


def test_chinese_phrases_are_all_that_their_classes_make(tmp_path: Path) -> None:
    own = "[block]\n{不}{穿}{任何*}{衣服}\n[class 不]\n不 没\n[class 穿]\n穿\n[class 任何]\n任何\n[class 衣服]\n衣服 裤子\n"
    words = filter_of(tmp_path, own.encode())
    for text in ("不穿衣服", "没穿任何裤子", "她 没 穿 裤子"):
        assert words.check(text).action == "block"
    assert words.check("穿衣服").action is None


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("[allow]\nnude {shoe}\n", r"'nude \{shoe\}': no word list has a section \[class shoe\]"),
        ("[allow]\n{shoe*} nude\n[class shoe]\nboot\n", "must begin with a word"),
        ("[block]\n{坏}{坏}{坏}\n[class 坏]\n" + " ".join(map(chr, range(0x4E00, 0x4E40))), "stands for over 5,000"),
    ],
)  # fmt: skip
def test_a_phrase_that_does_not_hold_is_told(tmp_path: Path, own: str, said: str) -> None:
    with pytest.raises(InvalidDocumentError, match=said):
        filter_of(tmp_path, own.encode())


def test_words_of_a_dictionary_are_never_taken_for_misspelt_ones(tmp_path: Path) -> None:
    assert filter_of(tmp_path, b"[block]\n~penis\n").check("penus").action == "block"
    (tmp_path / "names.dic").write_text("# ours\npenus\n")
    assert WordLists((tmp_path,)).load_filter().check("penus").action is None


def test_a_list_is_checked_beside_the_others_before_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("[class shoe]\nboot\n")
    own = tmp_path / "own.txt"
    own.write_text("[allow]\n{gone} x\n")
    lists = WordLists((tmp_path,))
    assert lists.checked("[block]\nfrob\n[allow]\n{shoe} nude\n", own) == 2
    with pytest.raises(InvalidDocumentError, match="class hat"):
        lists.checked("[allow]\n{hat} nude\n", own)
