"""Pictures of jobs in a folder: what an earlier or broken run left there is not drawn again."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from studio.files import write_atomic
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.render_service import RenderService


@dataclass(frozen=True)
class RenderCache:
    """A picture's file is named by all that made it. Drawing waits for whatever is more urgent."""

    directory: Path
    rendering: RenderService

    def has(self, job: RenderJob) -> bool:
        return self._path(job).exists()

    def get_or_render(self, job: RenderJob) -> Image.Image:
        """The job's picture, drawn if it is not here. Raises what rendering raises."""
        file = self._path(job)
        if not file.exists():
            write_atomic(file, self.rendering.render_preview(job, Priority.BACKGROUND))
        return decode_png(file.read_bytes(), message("image.kept", name=file.name))

    def _path(self, job: RenderJob) -> Path:
        made_of = job.model_dump_json(exclude={"request_id", "doodle", "control_images"})
        drawn = job.doodle.sha256 if job.doodle else ""
        name = hashlib.sha256(f"{made_of}{drawn}".encode()).hexdigest()[:32]
        return self.directory / f"{name}.png"
