"""The robustness pack: nasty doodles on a preset's base images, and whether the figure is still there."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studio.errors import JobCancelledError, StudioError, public_message
from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.character_preservation import PASS_THRESHOLD, character_preservation_score
from studio.imaging.png_io import decode_png, encode_png
from studio.messages import message
from studio.recipes.base_image import BaseImage
from studio.recipes.evaluation.reports import RobustnessCase, RobustnessReport
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import ThemeVersion
from studio.services.background_tasks import ProgressCallback
from studio.services.rendering.render_cache import RenderCache
from studio.services.requests.request_factory import RequestFactory
from studio.store.base_images import BaseImageStore

log = logging.getLogger(__name__)
SEED = 1


@dataclass(frozen=True)
class RobustnessSuite:
    base_images: BaseImageStore
    intake: RequestFactory
    album: RenderCache

    def run(self, version: ThemeVersion, tell: ProgressCallback) -> RobustnessReport:
        """Draws what is missing and judges all of it; a recipe that fails counts as figure lost.

        Raises what `Intake.request` raises.
        """
        jobs = self._case_name(version)
        tell(0, len(jobs))
        seen = []
        for number, (name, job) in enumerate(jobs):
            seen.append(self._evaluate(name, job))
            tell(number + 1, len(jobs))
        return RobustnessReport(cases=tuple(seen))

    def jobs(self, version: ThemeVersion) -> list[RenderJob]:
        """What the pack draws of a version. Raises what `Intake.request` raises."""
        return [job for _, job in self._case_name(version)]

    def _case_name(self, version: ThemeVersion) -> list[tuple[str, RenderJob]]:
        """Each job with the name of its doodle."""
        return [
            (name, job)
            for name, base in self._cases(version)
            for job in self._jobs(version, name, base)
        ]

    def _cases(self, version: ThemeVersion) -> Iterator[tuple[str, BaseImage]]:
        bases: Sequence[BaseImage] = [
            self.base_images.get(each) for each in version.preset.base_images
        ] or self.base_images.list_all()
        yield from ((name, base) for base in bases for name in ADVERSARIAL_DOODLES)

    def _jobs(self, version: ThemeVersion, name: str, base: BaseImage) -> tuple[RenderJob, ...]:
        doodle = encode_png(ADVERSARIAL_DOODLES[name](base.width, base.height))
        return plan_jobs(
            self.intake.create(version.preset, base.id, doodle, "", SEED, version.version)
        )

    def _evaluate(self, name: str, job: RenderJob) -> RobustnessCase:
        base = job.base_image
        try:
            image = self.album.get_or_render(job)
        except JobCancelledError:
            raise
        except StudioError as error:
            log.warning("%s on %s is not judged: %s", name, base.id, error)
            return RobustnessCase(doodle=name, base_image=base.id, slot=job.slot, score=None, passed=False, failure_reason=public_message(error))  # fmt: skip
        clean = decode_png(self.base_images.read_png(base), message("image.base_named", id=base.id))
        score = character_preservation_score(clean, image, base.keypoints)
        return RobustnessCase(doodle=name, base_image=base.id, slot=job.slot, score=round(score, 3), passed=score >= PASS_THRESHOLD)  # fmt: skip
