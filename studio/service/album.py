"""Pictures of jobs in a folder: what an earlier or broken run left there is not drawn again."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from studio.files import write_file
from studio.imaging.limits import open_png
from studio.messages import message
from studio.recipes.request import Job
from studio.service.lane import Priority
from studio.service.rendering import RenderService


@dataclass(frozen=True)
class Album:
    """A picture's file is named by all that made it. Drawing waits for whatever is more urgent."""

    folder: Path
    rendering: RenderService

    def has(self, job: Job) -> bool:
        return self._file(job).exists()

    def picture(self, job: Job) -> Image.Image:
        """The job's picture, drawn if it is not here. Raises what rendering raises."""
        file = self._file(job)
        if not file.exists():
            write_file(file, self.rendering.glimpse(job, Priority.BULK))
        return open_png(file.read_bytes(), message("image.kept", name=file.name))

    def _file(self, job: Job) -> Path:
        made_of = job.model_dump_json(exclude={"request_id", "doodle", "pictures"})
        drawn = job.doodle.sha256 if job.doodle else ""
        name = hashlib.sha256(f"{made_of}{drawn}".encode()).hexdigest()[:32]
        return self.folder / f"{name}.png"
