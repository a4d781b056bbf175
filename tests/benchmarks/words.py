"""What the word filter catches and what it costs: `python -m tests.benchmarks.words [--pairs]`. One process,
nothing beside it. With --pairs every mask entry within every block entry at every place is masked, too, which
takes minutes."""

import random
import string
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import NamedTuple

from studio.recipes.moderation import TextModerationResult
from studio.safety.word_lists import WordLists, parse_word_list
from studio.settings import bundled_path

SETS = Path(__file__).parent / "wordsets"
NAMES = ("dev", "held-out", "fresh", "last")
WORDS = bundled_path("assets") / "words"
PROMPT = ("a red dress with white dots, blue shoes; and a f.u.n hat! 3 stars 红色的裙子 " * 12)[
    :500
]
Judge = Callable[[str], TextModerationResult]


class Example(NamedTuple):
    """A text, whether it must be blocked or pass, and by which technique or in which language it is."""

    verdict: str
    kind: str
    text: str


def examples(name: str) -> Iterator[Example]:
    """Those of one set, as their heads tell the format."""
    verdict = kind = ""
    for line in (SETS / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith(("[block: ", "[pass: ")):
            verdict, _, kind = line.strip("[]").partition(": ")
        elif line and not line.startswith("# "):
            yield Example(verdict, kind, line.encode("latin-1", "backslashreplace").decode("unicode-escape"))  # fmt: skip


def is_right(example: Example, judge: Judge) -> bool:
    severity = judge(example.text).action
    return severity == "block" if example.verdict == "block" else severity not in ("block", "mask")


def wrong(name: str, judge: Judge) -> list[Example]:
    return [example for example in examples(name) if not is_right(example, judge)]


def hostile() -> Iterator[tuple[str, str]]:
    """Texts of 500 characters that make the filter work."""
    chance = random.Random(1)
    letters = string.ascii_lowercase
    yield "words that are none", " ".join("".join(chance.choices(letters, k=7)) for _ in range(63))
    yield "letters apart", " ".join(chance.choices(letters, k=250))
    yield "halves of words", " ".join("".join(chance.choices(letters, k=3)) for _ in range(125))
    yield "one long word", "".join(chance.choices(letters, k=500))
    yield "doubled letters", " ".join("aabbccddee" for _ in range(45))
    yield "signs for letters", " ".join("n!1|6p*e" for _ in range(55))
    yield "open letters", " ".join("a???b?c" for _ in range(62))
    yield "glued words", " ".join("nudenudenudegirlgirlgirlqx" for _ in range(18))
    yield "pinyin", "zhuangzhuangxianxianlalala" * 19
    yield "Chinese", "裸色情侣装的性格感" * 55
    yield "Chinese and pinyin", "裸ti色qing性ai" * 50
    yield "escapes", "%6e&#110;\\u006e" * 33
    yield "Morse", "-. ..- -.. . " * 38
    yield "base64", " ".join("bnVkZQ==" for _ in range(55))
    yield "one sign", "*" * 500
    yield "masked words", "gun " * 125
    yield "mask in mask", "gu" * 20 + "gun" * 100 + "n" * 20


def main() -> None:
    began = time.thread_time()
    judge = WordLists((WORDS,)).load_filter().check
    print(f"the shipped lists: {time.thread_time() - began:.2f} s (aim 2)")
    for name in NAMES:
        _print_rates(name, judge)
    print(f"a prompt of 500 characters: {1000 * _spent(judge, PROMPT):.2f} ms (aim 5)")
    for kind, text in hostile():
        print(f"  {kind}: {1000 * _spent(judge, text[:500], 20):.2f} ms")
    _print_a_million()
    if "--pairs" in sys.argv:
        _print_pairs(judge)


def _print_rates(name: str, judge: Judge) -> None:
    all_of = Counter((each.verdict, each.kind) for each in examples(name))
    missed = Counter((each.verdict, each.kind) for each in wrong(name, judge))
    print(f"{name}:")
    for verdict, kinds in groupby(all_of, key=lambda key: key[0]):
        total = count = 0
        for key in kinds:
            total, count = total + missed[key], count + all_of[key]
            print(f"  {verdict} {key[1]}: {all_of[key] - missed[key]} of {all_of[key]}")
        print(f"  {verdict}: {count - total} of {count} ({100 * (1 - total / count):.1f} %)")


def _spent(judge: Judge, text: str, times: int = 200) -> float:
    """Seconds of this thread, so that others on the machine do not count."""
    spent = []
    for _ in range(times):
        began = time.thread_time()
        judge(text)
        spent.append(time.thread_time() - began)
    return median(spent)


def _print_a_million() -> None:
    chance = random.Random(1)
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(6, 12))) for _ in range(10**6)]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "long.txt").write_text("\n".join(["[block]", *words]))
        del words
        began = time.thread_time()
        WordLists((Path(folder),)).load_filter()
        print(f"a million words from a file: {time.thread_time() - began:.2f} s (aim 2)")


def shipped_entries(severity: str) -> list[str]:
    """Plain entries of the shipped lists."""
    found: list[str] = []
    for file in sorted(WORDS.glob("*.txt")):
        words = parse_word_list(file.read_text("utf-8"), file.name).words
        found += [entry.strip("~*") for entry in words[severity] if "{" not in entry]  # type: ignore[index]
    return list(dict.fromkeys(found))


def pairs(masks: Iterable[str], blocks: Iterable[str]) -> Iterator[str]:
    """Each of the first within each of the second, at every place."""
    hidden = [*masks]
    for block in blocks:
        for place in range(1, len(block)):
            for mask in hidden:
                yield f"{block[:place]}{mask}{block[place:]}"
                yield f"{block[:place]} {mask} {block[place:]}"


def leaks(text: str, judge: Judge) -> bool:
    """Whether what is drawn of a text holds what the lists block or mask."""
    verdict = judge(text)
    return verdict.action == "mask" and judge(verdict.apply_mask(text)).action in ("block", "mask")


def _print_pairs(judge: Judge) -> None:
    count = bad = 0
    for text in pairs(shipped_entries("mask"), shipped_entries("block")):
        count += 1
        bad += leaks(text, judge)
    print(f"masked within blocked: {count} texts, {bad} of which let through what is blocked")


if __name__ == "__main__":
    main()
