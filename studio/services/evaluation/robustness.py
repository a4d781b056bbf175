"""The robustness suite: adversarial doodles on a preset's base images; is the character
preserved?"""

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
    """Renders every recipe over every adversarial doodle on every base image of a preset."""

    base_images: BaseImageStore
    request_factory: RequestFactory
    cache: RenderCache

    def run(self, version: ThemeVersion, on_progress: ProgressCallback) -> RobustnessReport:
        """Renders what is not cached and scores all of it; a job that fails counts as not passed.

        Raises what `RequestFactory.create` raises.
        """
        named_jobs = self._named_jobs(version)
        on_progress(0, len(named_jobs))
        cases = []
        for done, (doodle_name, job) in enumerate(named_jobs, start=1):
            cases.append(self._evaluate(doodle_name, job))
            on_progress(done, len(named_jobs))
        return RobustnessReport(cases=tuple(cases))

    def jobs(self, version: ThemeVersion) -> list[RenderJob]:
        """The jobs of the suite. Raises what `RequestFactory.create` raises."""
        return [job for _, job in self._named_jobs(version)]

    def _named_jobs(self, version: ThemeVersion) -> list[tuple[str, RenderJob]]:
        """Each job with the name of its doodle."""
        return [
            (doodle_name, job)
            for doodle_name, base in self._cases(version)
            for job in self._jobs(version, doodle_name, base)
        ]

    def _cases(self, version: ThemeVersion) -> Iterator[tuple[str, BaseImage]]:
        bases: Sequence[BaseImage] = [
            self.base_images.get(image_id) for image_id in version.preset.base_images
        ] or self.base_images.list_all()
        yield from ((name, base) for base in bases for name in ADVERSARIAL_DOODLES)

    def _jobs(
        self, version: ThemeVersion, doodle_name: str, base: BaseImage
    ) -> tuple[RenderJob, ...]:
        doodle_png = encode_png(ADVERSARIAL_DOODLES[doodle_name](base.width, base.height))
        request = self.request_factory.create(
            version.preset, base.id, doodle_png, "", SEED, version.version
        )
        return plan_jobs(request)

    def _evaluate(self, doodle_name: str, job: RenderJob) -> RobustnessCase:
        base = job.base_image
        try:
            image = self.cache.get_or_render(job)
        except JobCancelledError:
            raise
        except StudioError as error:
            log.warning("%s on %s is not evaluated: %s", doodle_name, base.id, error)
            return RobustnessCase(
                doodle=doodle_name,
                base_image=base.id,
                slot=job.slot,
                score=None,
                passed=False,
                failure_reason=public_message(error),
            )
        base_pixels = decode_png(
            self.base_images.read_png(base), message("image.base_named", id=base.id)
        )
        score = character_preservation_score(base_pixels, image, base.keypoints)
        return RobustnessCase(
            doodle=doodle_name,
            base_image=base.id,
            slot=job.slot,
            score=round(score, 3),
            passed=score >= PASS_THRESHOLD,
        )
