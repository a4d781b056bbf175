"""What a recipe's control units will see, before anything is rendered."""

from dataclasses import dataclass

from PIL import Image

from studio.engine.control.control_maps import make_control_map
from studio.errors import InvalidInputError
from studio.imaging.png_io import decode_png, encode_png
from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit


@dataclass(frozen=True)
class ControlMapPreview:
    """One unit's map as a PNG, or None with the reason why it has none."""

    unit: str
    png: bytes | None
    reason: Message | None = None


def preview_control_maps(job: RenderJob, base_png: bytes) -> tuple[ControlMapPreview, ...]:
    """Each control unit's map at the recipe's size, units that are switched off included."""
    base = decode_png(base_png, message("image.base_image"))
    doodle = decode_png(job.doodle.png_bytes, message("image.doodle")) if job.doodle else None
    return tuple(_seen(unit, job, base, doodle) for unit in job.recipe.control_units)


def _seen(
    unit: ControlUnit, job: RenderJob, base: Image.Image, doodle: Image.Image | None
) -> ControlMapPreview:
    size, name = (job.recipe.width, job.recipe.height), unit.model.name
    try:
        seen = make_control_map(unit, job, base, doodle, size)
    except InvalidInputError as error:
        return ControlMapPreview(name, None, error.message)
    if seen is None:
        return ControlMapPreview(name, None, message("prompt.control_sees_nothing", model=name))
    return ControlMapPreview(name, encode_png(seen))
