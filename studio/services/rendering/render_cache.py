"""A cache of rendered images in a directory, for sweeps, evaluations, blind tests and tuning."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from studio.files import write_atomic
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.render_service import RenderService

_WITHOUT_PIXELS: Mapping[str, Any] = {
    "request_id": True,
    "doodle": True,
    "control_images": True,
    "recipe": {"name"},
}
"""What is left out of the hash: it decides no pixel, or is hashed by itself."""


@dataclass(frozen=True)
class RenderCache:
    """Images of jobs, keyed by a hash of everything that decides their pixels.

    What an earlier or interrupted run has rendered is not rendered again. Rendering has background
    priority.
    """

    directory: Path
    rendering: RenderService

    def has(self, job: RenderJob) -> bool:
        """Whether the job's image is cached."""
        return self._path(job).exists()

    def get_or_render(self, job: RenderJob) -> Image.Image:
        """The job's image, rendered first if it is not cached. Raises what rendering raises."""
        file = self._path(job)
        if not file.exists():
            write_atomic(file, self.rendering.render_preview(job, Priority.BACKGROUND))
        return decode_png(file.read_bytes(), message("image.stored", name=file.name))

    def _path(self, job: RenderJob) -> Path:
        inputs = job.model_dump_json(exclude=_WITHOUT_PIXELS)
        doodle_sha256 = job.doodle.sha256 if job.doodle else ""
        key = hashlib.sha256(f"{inputs}{doodle_sha256}".encode()).hexdigest()[:32]
        return self.directory / f"{key}.png"
