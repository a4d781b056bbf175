"""What the pocket base models are taught, course by course: first drawing, then words."""

from dataclasses import dataclass
from pathlib import Path

from studio.pocket.training import Plan

UNCONDITIONAL = 0.12
"""Share of captions left out, for classifier-free guidance (Ho and Salimans, 2022)."""
SCENES = 12000


@dataclass(frozen=True)
class Starts:
    """What the noise is laid on, as shares 0-1 of the examples.

    `drawn` start from the composite or the bare base, `bare` of those from the base, and `whole`
    of those have none of the picture that is wanted in them. However high the noise, a start
    shows through (Lin et al., 2024): a model that has always found the colours there does not
    look for them in the words.
    """

    drawn: float
    bare: float
    whole: float


@dataclass(frozen=True)
class Course:
    """One run of training over the first `scenes` scenes.

    `heeds_clothes`: places count by what is worn there, not all alike.
    """

    plan: Plan
    starts: Starts
    scenes: int = SCENES
    heeds_clothes: bool = False

    def finished(self, work: Path) -> Path:
        """Where the model lies once the course is over."""
        return work / self.plan.name / "final"


STARTS = Starts(drawn=0.5, bare=0.3, whole=0.4)
_WORDS_STARTS = Starts(drawn=0.65, bare=0.55, whole=0.7)
DRAWING = {
    "ink": Course(
        Plan(name="base-ink", steps=6000, batch=24, learning_rate=8e-4, sheet_every=1000), STARTS
    ),
    "water": Course(
        Plan(name="base-water", steps=2000, batch=24, learning_rate=4e-4, sheet_every=1000), STARTS
    ),
}
WORDS = {
    "ink": Course(
        Plan(
            name="words-ink", steps=9000, batch=24, learning_rate=6e-4, sheet_every=800,
            lateness=1.5,
        ),
        _WORDS_STARTS,
        scenes=6000,
        heeds_clothes=True,
    ),
    "water": Course(
        Plan(
            name="words-water", steps=1400, batch=24, learning_rate=4e-4, sheet_every=700,
            lateness=1.5,
        ),
        _WORDS_STARTS,
        scenes=6000,
        heeds_clothes=True,
    ),
}  # fmt: skip
"""The second course: more of the high noise levels, where nothing but the words tells colours."""


def finished(work: Path, style: str) -> Path:
    """Where the model of `style` lies that has had most courses."""
    words = WORDS[style].finished(work)
    return words if words.exists() else DRAWING[style].finished(work)
