"""Custom word lists: encoding, syntax, and errors with their line."""

from pathlib import Path

import pytest

from studio.errors import InvalidDocumentError
from studio.safety.word_filter import WordFilter
from studio.safety.word_lists import WordLists, parse_word_list


def load_list(directory: Path, content: bytes, name: str = "own.txt") -> WordFilter:
    (directory / name).write_bytes(content)
    return WordLists((directory,)).load_filter()


# Issue 18, 14 (review 2.8).
def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    words = load_list(tmp_path, "[block]\nfrob\n坏词\n".encode("utf-8-sig"))
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
def test_invalid_utf_8_is_reported_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    with pytest.raises(InvalidDocumentError, match=rf"own\.txt, line {line}: not UTF-8"):
        load_list(tmp_path, content)


def test_phrases_use_word_classes(tmp_path: Path) -> None:
    words = load_list(
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


def test_chinese_phrases_are_expanded(tmp_path: Path) -> None:
    content = "[block]\n{不}{穿}{任何*}{衣服}\n[class 不]\n不 没\n[class 穿]\n穿\n[class 任何]\n任何\n[class 衣服]\n衣服 裤子\n"
    words = load_list(tmp_path, content.encode())
    for text in ("不穿衣服", "没穿任何裤子", "她 没 穿 裤子"):
        assert words.check(text).action == "block"
    assert words.check("穿衣服").action is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[allow]\nnude {shoe}\n", r"“nude \{shoe\}”: no word list has a section \[class shoe\]"),
        ("[allow]\n{shoe*} nude\n[class shoe]\nboot\n", "must begin with a word"),
        ("[block]\n{坏}{坏}{坏}\n[class 坏]\n" + " ".join(map(chr, range(0x4E00, 0x4E40))), "expands to more than 5,000"),
    ],
)  # fmt: skip
def test_invalid_phrase_is_reported(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InvalidDocumentError, match=message):
        load_list(tmp_path, content.encode())


def test_dictionary_words_are_no_misspellings(tmp_path: Path) -> None:
    assert load_list(tmp_path, b"[block]\n~penis\n").check("penus").action == "block"
    (tmp_path / "names.dic").write_text("# names\npenus\n")
    assert WordLists((tmp_path,)).load_filter().check("penus").action is None


def test_list_is_validated_together_with_the_others(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("[class shoe]\nboot\n")
    own = tmp_path / "own.txt"
    own.write_text("[allow]\n{gone} x\n")
    lists = WordLists((tmp_path,))
    assert lists.validate("[block]\nfrob\n[allow]\n{shoe} nude\n", own) == 2
    with pytest.raises(InvalidDocumentError, match="class hat"):
        lists.validate("[allow]\n{hat} nude\n", own)
