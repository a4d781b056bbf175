"""What the word filter costs: `python -m tests.benchmarks.words`. One process, nothing beside it."""

import random
import string
import tempfile
import time
from pathlib import Path
from statistics import median

from studio.safety.lists import WordLists
from studio.settings import shipped
from tests.unit.safety.tables import EVASIONS, INNOCENT

PROMPT = ("a red dress with white dots, blue shoes; and a f.u.n hat! 3 stars 红色的裙子 " * 12)[
    :500
]


def main() -> None:
    lists = WordLists((shipped("assets") / "words",))
    judge = lists.filter().judge
    caught = sum(judge(text).severity == "block" for text in EVASIONS)
    wrong = sum(judge(text).severity is not None for text in INNOCENT)
    print(
        f"evasions caught: {caught} of {len(EVASIONS)}; innocents stopped: {wrong} of {len(INNOCENT)}"
    )
    spent = []
    for _ in range(300):
        began = time.perf_counter()
        judge(PROMPT)
        spent.append(time.perf_counter() - began)
    print(f"a prompt of 500 characters: {1000 * median(spent):.2f} ms (aim 1)")
    chance = random.Random(1)
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(6, 12))) for _ in range(10**6)]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "long.txt").write_text("\n".join(["[block]", *words]))
        del words
        began = time.perf_counter()
        WordLists((Path(folder),)).filter()
        print(f"a million words from a file: {time.perf_counter() - began:.2f} s (aim 2)")


if __name__ == "__main__":
    main()
