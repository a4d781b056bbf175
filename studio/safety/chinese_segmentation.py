"""Chinese text: clauses, decomposed characters, and word segmentation by jieba."""

import re
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from studio.safety.confusables import COMPONENTS
from studio.safety.text_normalization import NormalizedText, is_han

if TYPE_CHECKING:
    from jieba import Tokenizer

CLAUSE_BREAKS = frozenset("，。；！？、,.;!?\n")
_COMPONENT = re.compile("|".join(COMPONENTS))
_tokenizer_lock = threading.Lock()
FASHION_WORDS = ("裸色", "裸粉", "裸粉色", "裸妆", "裸靴", "裸肩", "爱心", "麻袋", "麻布", "腕表", "情侣", "情侣装", "交领", "汉服", "旗袍", "洋装", "卫衣", "麻花", "片瓦", "吊带", "吊牌", "体恤", "体恤衫", "房间", "操场", "交叉", "交替", "牛皮")  # fmt: skip
"""Words for clothes that jieba's dictionary would split."""


def clauses(text: NormalizedText) -> Iterator[NormalizedText]:
    """The Chinese characters of each clause; consecutive clauses of one character are joined."""
    split: list[list[int]] = [[]]
    for index, char in enumerate(text.text):
        if is_han(char):
            split[-1].append(index)
        elif char in CLAUSE_BREAKS and split[-1]:
            split.append([])
    merged: list[list[int]] = []
    is_single = False
    for clause in filter(None, split):
        if is_single and len(clause) == 1:
            merged[-1] += clause
        else:
            merged.append(list(clause))
        is_single = len(clause) == 1
    for clause in merged:
        yield NormalizedText(
            "".join(text.text[i] for i in clause), tuple(text.source_indices[i] for i in clause)
        )


def compose_components(clause: NormalizedText) -> NormalizedText | None:
    """A clause with its decomposed characters composed; None if it has none."""
    if not _COMPONENT.search(clause.text):
        return None
    parts: list[str] = []
    indices: list[int] = []
    position = 0
    for match in _COMPONENT.finditer(clause.text):
        start = match.start()
        parts += [clause.text[position:start], COMPONENTS[match.group()]]
        indices += clause.source_indices[position : start + 1]
        position = match.end()
    return NormalizedText(
        "".join([*parts, clause.text[position:]]), (*indices, *clause.source_indices[position:])
    )


@cache
def _tokenizer() -> "Tokenizer":
    """jieba's tokenizer with its dictionary, which takes a second to load.

    jieba's own cache is not used: it is a file with a predictable name in the shared temporary
    directory.
    """
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in FASHION_WORDS:
        tokenizer.add_word(word)
    return tokenizer


@lru_cache(maxsize=256)
def word_boundaries(text: str) -> frozenset[int]:
    """The positions where the words of a Chinese text start, and its length."""
    with _tokenizer_lock:
        tokenizer = _tokenizer()
    position, bounds = 0, {0}
    for word in tokenizer.cut(text, HMM=False):
        position += len(word)
        bounds.add(position)
    return frozenset(bounds)


def splits_words(text: str, start: int, end: int, entry: str) -> bool:
    """Whether an entry from `start` to `end` crosses a word boundary without starting and ending at
    one.

    The two middle characters of two words of two characters do so; an entry inside one word does
    not. At a side where the entry has a star it does not matter.
    """
    bounds = word_boundaries(text)
    if not any(start < bound < end for bound in bounds):
        return False
    is_start = entry.startswith("*") or start in bounds
    is_end = entry.endswith("*") or end in bounds
    return not (is_start and is_end)
