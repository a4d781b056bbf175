"""Chinese as it is written: without what stands between its characters, and by the boundaries of its words."""

import re
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from studio.safety.confusables import COMPONENTS
from studio.safety.text_normalization import NormalizedText, is_han

if TYPE_CHECKING:
    from jieba import Tokenizer

CLAUSES = frozenset("，。；！？、,.;!?\n")
_COMPONENT = re.compile("|".join(COMPONENTS))
_LOADING = threading.Lock()
OUR_WORDS = ("裸色", "裸粉", "裸粉色", "裸妆", "裸靴", "裸肩", "爱心", "麻袋", "麻布", "腕表", "情侣", "情侣装", "交领", "汉服", "旗袍", "洋装", "卫衣", "麻花", "片瓦", "吊带", "吊牌", "体恤", "体恤衫", "房间", "操场", "交叉", "交替", "牛皮")  # fmt: skip
"""What people say of clothes, as words of their own."""


def clauses(folded: NormalizedText) -> Iterator[NormalizedText]:
    """Chinese without what stands between its characters; clauses stay apart, unless of one character
    each."""
    found: list[list[int]] = [[]]
    for index, char in enumerate(folded.text):
        if is_han(char):
            found[-1].append(index)
        elif char in CLAUSES and found[-1]:
            found.append([])
    merged: list[list[int]] = []
    single = False
    for clause in filter(None, found):
        if single and len(clause) == 1:
            merged[-1] += clause
        else:
            merged.append(list(clause))
        single = len(clause) == 1
    for clause in merged:
        yield NormalizedText(
            "".join(folded.text[i] for i in clause), tuple(folded.source_indices[i] for i in clause)
        )


def composed(clause: NormalizedText) -> NormalizedText | None:
    """With characters that were taken apart put together; None where none were."""
    if not _COMPONENT.search(clause.text):
        return None
    text, places, at = [], [], 0
    for found in _COMPONENT.finditer(clause.text):
        text += [clause.text[at : found.start()], COMPONENTS[found.group()]]
        places += [*clause.source_indices[at : found.start()], clause.source_indices[found.start()]]
        at = found.end()
    return NormalizedText(
        "".join([*text, clause.text[at:]]), (*places, *clause.source_indices[at:])
    )


@cache
def _tokenizer() -> "Tokenizer":
    """jieba's, with its dictionary, which takes a second to read. Its own cache is passed over: a file of a
    foreseeable name among everybody's temporary ones."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    made = jieba.Tokenizer()
    made.FREQ, made.total = made.gen_pfdict(made.get_dict_file())
    made.initialized = True
    for word in OUR_WORDS:
        made.add_word(word)
    return made


@lru_cache(maxsize=256)
def boundaries(text: str) -> frozenset[int]:
    """Where the words of a Chinese text begin, and its end."""
    with _LOADING:
        tokenizer = _tokenizer()
    at, found = 0, {0}
    for word in tokenizer.cut(text, HMM=False):
        at += len(word)
        found.add(at)
    return frozenset(found)


def cuts_words(text: str, start: int, end: int, entry: str) -> bool:
    """Whether an entry that stands from `start` to `end` begins or ends within a word that goes on beyond
    it, as the two characters in the middle of two words of two do. What lies within one word does
    not. A star of the entry says that it does not matter there."""
    bounds = boundaries(text)
    if not any(start < bound < end for bound in bounds):
        return False
    begins = entry.startswith("*") or start in bounds
    return not (begins and (entry.endswith("*") or end in bounds))
