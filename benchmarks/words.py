"""Recall, false positives and cost of the word filter with the bundled word lists.

    python -m benchmarks.words [--json] [--pairs]

Times are CPU seconds of the process's only thread, so that other processes do not count. --pairs
also masks every mask entry within every block entry at every position, which takes minutes.
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from string import ascii_lowercase
from typing import NamedTuple

from benchmarks.report import Measurement, argument_parser, print_measurements
from studio.recipes.moderation import TextModerationResult, WordAction
from studio.safety.word_lists import WordLists, parse_word_list
from studio.settings import bundled_path

SETS_DIR = Path(__file__).parent / "wordsets"
SET_NAMES = ("dev", "held-out", "fresh", "last")
WORD_LISTS_DIR = bundled_path("assets") / "words"
MAX_PROMPT_CHARS = 500
_TYPICAL = "a red dress with white dots, blue shoes; and a f.u.n hat! 3 stars 红色的裙子 " * 12
PROMPT = _TYPICAL[:MAX_PROMPT_CHARS]
TextCheck = Callable[[str], TextModerationResult]


class Example(NamedTuple):
    """A text, its expected result, and the evasion technique (block) or language (pass)."""

    expected: str
    kind: str
    text: str


def read_examples(set_name: str) -> Iterator[Example]:
    """The examples of a set: lines under `[block: technique]` and `[pass: language]`."""
    expected = kind = ""
    for line in (SETS_DIR / f"{set_name}.txt").read_text("utf-8").splitlines():
        if line.startswith(("[block: ", "[pass: ")):
            expected, _, kind = line.strip("[]").partition(": ")
        elif line and not line.startswith("# "):
            text = line.encode("latin-1", "backslashreplace").decode("unicode-escape")
            yield Example(expected, kind, text)


def is_correct(example: Example, check: TextCheck) -> bool:
    """A text that has to pass may be flagged, but neither blocked nor masked."""
    action = check(example.text).action
    return action == "block" if example.expected == "block" else action not in ("block", "mask")


def misclassified(set_name: str, check: TextCheck) -> list[Example]:
    return [example for example in read_examples(set_name) if not is_correct(example, check)]


def adversarial_texts() -> Iterator[tuple[str, str]]:
    """Name and text of prompts that are expensive to check."""
    rng = random.Random(1)
    yield "random words", " ".join("".join(rng.choices(ascii_lowercase, k=7)) for _ in range(63))
    yield "separate letters", " ".join(rng.choices(ascii_lowercase, k=250))
    yield "word halves", " ".join("".join(rng.choices(ascii_lowercase, k=3)) for _ in range(125))
    yield "one long word", "".join(rng.choices(ascii_lowercase, k=500))
    yield "doubled letters", " ".join("aabbccddee" for _ in range(45))
    yield "signs for letters", " ".join("n!1|6p*e" for _ in range(55))
    yield "wildcard letters", " ".join("a???b?c" for _ in range(62))
    yield "joined words", " ".join("nudenudenudegirlgirlgirlqx" for _ in range(18))
    yield "pinyin", "zhuangzhuangxianxianlalala" * 19
    yield "Chinese", "裸色情侣装的性格感" * 55
    yield "Chinese and pinyin", "裸ti色qing性ai" * 50
    yield "escapes", "%6e&#110;\\u006e" * 33
    yield "Morse", "-. ..- -.. . " * 38
    yield "base64", " ".join("bnVkZQ==" for _ in range(55))
    yield "one sign", "*" * 500
    yield "masked words", "gun " * 125
    yield "mask in mask", "gu" * 20 + "gun" * 100 + "n" * 20


def bundled_entries(action: WordAction) -> list[str]:
    """The entries of the bundled lists for one action, without patterns."""
    entries: list[str] = []
    for file in sorted(WORD_LISTS_DIR.glob("*.txt")):
        words = parse_word_list(file.read_text("utf-8"), file.name).words
        entries += [entry.strip("~*") for entry in words[action] if "{" not in entry]
    return list(dict.fromkeys(entries))


def nested_texts(masks: Iterable[str], blocks: Iterable[str]) -> Iterator[str]:
    """Each mask entry within each block entry at every position, with and without spaces."""
    inner = [*masks]
    for block in blocks:
        for position in range(1, len(block)):
            for mask in inner:
                yield f"{block[:position]}{mask}{block[position:]}"
                yield f"{block[:position]} {mask} {block[position:]}"


def leaks(text: str, check: TextCheck) -> bool:
    """Whether the masked text still contains what the lists block or mask."""
    result = check(text)
    return result.action == "mask" and check(result.apply_mask(text)).action in ("block", "mask")


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--pairs", action="store_true", help="Mask entries within block entries.")
    arguments = parser.parse_args()
    started = time.thread_time()
    check = WordLists((WORD_LISTS_DIR,)).load_filter().check
    loading = Measurement("load the bundled lists", time.thread_time() - started, "s", 2)
    measurements = [loading, *_costs(check)]
    for name in SET_NAMES:
        measurements += _rates(name, check)
    if arguments.pairs:
        measurements += _nested(check)
    print_measurements(measurements, arguments.as_json)


def _rates(set_name: str, check: TextCheck) -> Iterator[Measurement]:
    """Percentage of correct results, for each kind of each expected result and in all."""
    totals = Counter((example.expected, example.kind) for example in read_examples(set_name))
    errors = Counter((example.expected, example.kind) for example in misclassified(set_name, check))
    for expected in ("block", "pass"):
        kinds = [key for key in totals if key[0] == expected]
        for key in kinds:
            name = f"{set_name}, {expected}: {key[1]} ({totals[key]})"
            yield Measurement(name, 100 * (1 - errors[key] / totals[key]), "%", 1)
        total, errors_in_all = (sum(counts[key] for key in kinds) for counts in (totals, errors))
        name = f"{set_name}, {expected}: all ({total})"
        yield Measurement(name, 100 * (1 - errors_in_all / total), "%", 1)


def _costs(check: TextCheck) -> Iterator[Measurement]:
    yield Measurement("prompt of 500 characters", _cpu_milliseconds(check, PROMPT, 200), "ms", 2)
    for name, text in adversarial_texts():
        milliseconds = _cpu_milliseconds(check, text[:MAX_PROMPT_CHARS], 20)
        yield Measurement(f"  {name}", milliseconds, "ms", 2)
    yield Measurement("load a list of a million words", _million_words_seconds(), "s", 2)


def _cpu_milliseconds(check: TextCheck, text: str, rounds: int) -> float:
    """Median CPU time of one check."""
    seconds = []
    for _ in range(rounds):
        started = time.thread_time()
        check(text)
        seconds.append(time.thread_time() - started)
    return 1000 * median(seconds)


def _million_words_seconds() -> float:
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as directory:
        words = ("".join(rng.choices(ascii_lowercase, k=rng.randint(6, 12))) for _ in range(10**6))
        Path(directory, "long.txt").write_text("\n".join(["[block]", *words]))
        started = time.thread_time()
        WordLists((Path(directory),)).load_filter()
        return time.thread_time() - started


def _nested(check: TextCheck) -> list[Measurement]:
    count = leaked = 0
    for text in nested_texts(bundled_entries("mask"), bundled_entries("block")):
        count += 1
        leaked += leaks(text, check)
    return [
        Measurement("mask entries within block entries, texts", count),
        Measurement("mask entries within block entries, leaked", leaked),
    ]


if __name__ == "__main__":
    main()
