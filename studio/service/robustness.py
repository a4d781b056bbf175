"""The robustness pack: nasty doodles on a preset's base images, and whether the figure is still there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.errors import Cancelled, StudioError
from studio.imaging.figure import KEPT, figure_score
from studio.imaging.limits import encode_png, open_png
from studio.imaging.nasty import NASTY
from studio.messages import message
from studio.recipes.canvas import BaseImage
from studio.recipes.planning import plan
from studio.recipes.preset import PresetVersion
from studio.recipes.reports import FigureSeen, Robustness
from studio.recipes.request import Job
from studio.service.album import Album
from studio.service.chores import Tell
from studio.service.intake import Intake
from studio.store.base_images import BaseImageStore

SEED = 1


@dataclass(frozen=True)
class RobustnessPack:
    bases: BaseImageStore
    intake: Intake
    album: Album

    def run(self, version: PresetVersion, tell: Tell) -> Robustness:
        """Draws what is missing and judges all of it; a recipe that fails counts as figure lost.

        Raises what `Intake.request` raises.
        """
        jobs = self._named(version)
        tell(0, len(jobs))
        seen = []
        for number, (name, job) in enumerate(jobs):
            seen.append(self._judged(name, job))
            tell(number + 1, len(jobs))
        return Robustness(cells=tuple(seen))

    def jobs(self, version: PresetVersion) -> list[Job]:
        """What the pack draws of a version. Raises what `Intake.request` raises."""
        return [job for _, job in self._named(version)]

    def _named(self, version: PresetVersion) -> list[tuple[str, Job]]:
        """Each job with the name of its doodle."""
        return [
            (name, job)
            for name, base in self._pages(version)
            for job in self._jobs(version, name, base)
        ]

    def _pages(self, version: PresetVersion) -> Iterator[tuple[str, BaseImage]]:
        bases: Sequence[BaseImage] = [
            self.bases.get(each) for each in version.preset.base_images
        ] or self.bases.all()
        yield from ((name, base) for base in bases for name in NASTY)

    def _jobs(self, version: PresetVersion, name: str, base: BaseImage) -> tuple[Job, ...]:
        doodle = encode_png(NASTY[name](base.width, base.height))
        return plan(self.intake.request(version.preset, base.id, doodle, "", SEED, version.number))

    def _judged(self, name: str, job: Job) -> FigureSeen:
        base = job.base_image
        try:
            picture = self.album.picture(job)
        except Cancelled:
            raise
        except StudioError as error:
            return FigureSeen(doodle=name, base_image=base.id, letter=job.letter, score=None, kept=False, why=error.message)  # fmt: skip
        clean = open_png(self.bases.png(base), message("image.base_named", id=base.id))
        score = figure_score(clean, picture, base.keypoints)
        return FigureSeen(doodle=name, base_image=base.id, letter=job.letter, score=round(score, 3), kept=score >= KEPT)  # fmt: skip
