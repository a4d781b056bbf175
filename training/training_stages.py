"""What the pocket base models are taught, course by course: first drawing, then words."""

from dataclasses import dataclass
from pathlib import Path

from training.trainer import TrainingConfig

UNCONDITIONAL = 0.12
"""Share of captions left out, for classifier-free guidance (Ho and Salimans, 2022)."""
SCENES = 12000


@dataclass(frozen=True)
class StartMix:
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
class TrainingStage:
    """One run of training over the first `scenes` scenes.

    `heeds_clothes`: places count by what is worn there, not all alike.
    """

    plan: TrainingConfig
    img2img_starts: StartMix
    scenes: int = SCENES
    weight_garments: bool = False

    def final_path(self, work: Path) -> Path:
        """Where the model lies once the course is over."""
        return work / self.plan.name / "final"


STARTS = StartMix(drawn=0.5, bare=0.3, whole=0.4)
_WORDS_STARTS = StartMix(drawn=0.65, bare=0.55, whole=0.7)
DRAWING_STAGES = {
    "ink": TrainingStage(
        TrainingConfig(
            name="base-ink", steps=6000, batch=24, learning_rate=8e-4, sample_every=1000
        ),
        STARTS,
    ),
    "water": TrainingStage(
        TrainingConfig(
            name="base-water", steps=2000, batch=24, learning_rate=4e-4, sample_every=1000
        ),
        STARTS,
    ),
}
CAPTION_STAGES = {
    "ink": TrainingStage(
        TrainingConfig(
            name="words-ink", steps=9000, batch=24, learning_rate=6e-4, sample_every=800,
            noise_bias=1.5,
        ),
        _WORDS_STARTS,
        scenes=6000,
        weight_garments=True,
    ),
    "water": TrainingStage(
        TrainingConfig(
            name="words-water", steps=1400, batch=24, learning_rate=4e-4, sample_every=700,
            noise_bias=1.5,
        ),
        _WORDS_STARTS,
        scenes=6000,
        weight_garments=True,
    ),
}  # fmt: skip
"""The second course: more of the high noise levels, where nothing but the words tells colours."""


def final_path(work: Path, style: str) -> Path:
    """Where the model of `style` lies that has had most courses."""
    words = CAPTION_STAGES[style].final_path(work)
    return words if words.exists() else DRAWING_STAGES[style].final_path(work)
