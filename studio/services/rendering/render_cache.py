"""A cache of rendered images in a directory, for sweeps, evaluations, blind tests and tuning."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from studio.errors import NotFoundError
from studio.files import write_atomic
from studio.imaging.png_io import decode_png
from studio.messages import message
from studio.recipes.generation.job import RenderJob
from studio.services.rendering.render_queue import Priority
from studio.services.rendering.render_service import RenderService

_KEY = re.compile(r"[0-9a-f]{32}")
_WITHOUT_PIXELS: Mapping[str, Any] = {
    "request_id": True,
    "doodle": True,
    "control_images": True,
    "zone_images": True,
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

    def key(self, job: RenderJob) -> str:
        """A hash of everything that decides the pixels of a job's image, in 32 hexadecimal digits.

        Fields that came later are left out where they change nothing: images of earlier releases are
        found by their keys.
        """
        recipe = {"name"}
        if not job.recipe.references:
            recipe.add("references")
        if job.recipe.drift_lock != "correct":
            recipe.add("drift_lock")
        without = {**_WITHOUT_PIXELS, "recipe": recipe}
        if job.recipe.mask.area == "off" or job.base_image.zones is None:
            without["base_image"] = {"zones"}
        inputs = job.model_dump_json(exclude=without)
        doodle_sha256 = job.doodle.sha256 if job.doodle else ""
        return hashlib.sha256(f"{inputs}{doodle_sha256}".encode()).hexdigest()[:32]

    def has(self, job: RenderJob) -> bool:
        """Whether the job's image is cached."""
        return self.has_key(self.key(job))

    def has_key(self, key: str) -> bool:
        """Whether the image of a key is cached."""
        return self._path(key).exists()

    def get_or_render(self, job: RenderJob) -> Image.Image:
        """The job's image, rendered first if it is not cached. Raises what rendering raises."""
        file = self._path(self.key(job))
        if not file.exists():
            write_atomic(file, self.rendering.render_preview(job, Priority.BACKGROUND))
        return decode_png(file.read_bytes(), message("image.stored", name=file.name))

    def read(self, key: str) -> bytes:
        """The cached image of a key. Raises NotFoundError."""
        try:
            if not _KEY.fullmatch(key):
                raise FileNotFoundError
            return self._path(key).read_bytes()
        except OSError:
            raise NotFoundError("theme.image_missing", image=key[:10]) from None

    def _path(self, key: str) -> Path:
        return self.directory / f"{key}.png"
