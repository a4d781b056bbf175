"""Results of preflight checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from studio.messages import Message

Level = Literal["pass", "warning", "error"]
Fix = Literal["generate", "run_robustness", "run_regression", "review_regression"]
"""What a page can do at once about a result: open the studio to generate, run a suite, look at its images."""


@dataclass(frozen=True)
class CheckResult:
    """What one check has found; `hint` says how to fix it. "error" prevents a deployment."""

    level: Level
    message: Message
    hint: Message | None = None
    fix: Fix | None = None


def worst_level(results: Sequence[CheckResult]) -> Level:
    """The gravest level of the results."""
    levels = {result.level for result in results}
    return "error" if "error" in levels else "warning" if "warning" in levels else "pass"
