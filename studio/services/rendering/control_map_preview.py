"""Control map previews: what a recipe's control units will see, before anything is rendered."""

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
    """The control map of one unit as PNG, or None and the reason why there is none."""

    unit: str
    png: bytes | None
    reason: Message | None = None


def preview_control_maps(job: RenderJob, base_png: bytes) -> tuple[ControlMapPreview, ...]:
    """The control map of each unit at the recipe's size, disabled units included."""
    base = decode_png(base_png, message("image.base_image"))
    doodle = decode_png(job.doodle.png_bytes, message("image.doodle")) if job.doodle else None
    return tuple(_preview_unit(unit, job, base, doodle) for unit in job.recipe.control_units)


def _preview_unit(
    unit: ControlUnit, job: RenderJob, base: Image.Image, doodle: Image.Image | None
) -> ControlMapPreview:
    size, model = (job.recipe.width, job.recipe.height), unit.model.name
    try:
        control_map = make_control_map(unit, job, base, doodle, size)
    except InvalidInputError as error:
        return ControlMapPreview(model, None, error.message)
    if control_map is None:
        return ControlMapPreview(model, None, message("prompt.control_sees_nothing", model=model))
    return ControlMapPreview(model, encode_png(control_map))
