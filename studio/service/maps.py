"""What a recipe's control units will see, before anything is rendered."""

from dataclasses import dataclass

from PIL import Image

from studio.engine.conditioning import control_map
from studio.errors import InputError
from studio.imaging.limits import encode_png, open_png
from studio.messages import Message, message
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job


@dataclass(frozen=True)
class SeenMap:
    """One unit's map as a PNG, or None with the reason why it has none."""

    unit: str
    png: bytes | None
    reason: Message | None = None


def control_maps(job: Job, base_png: bytes) -> tuple[SeenMap, ...]:
    """Each control unit's map at the recipe's size, units that are switched off included."""
    base = open_png(base_png, message("image.base_image"))
    doodle = open_png(job.doodle.png, message("image.doodle")) if job.doodle else None
    return tuple(_seen(unit, job, base, doodle) for unit in job.recipe.control_units)


def _seen(unit: ControlUnit, job: Job, base: Image.Image, doodle: Image.Image | None) -> SeenMap:
    size, name = (job.recipe.width, job.recipe.height), unit.model.name
    try:
        seen = control_map(unit, job, base, doodle, size)
    except InputError as error:
        return SeenMap(name, None, error.message)
    if seen is None:
        return SeenMap(name, None, message("prompt.control_sees_nothing", model=name))
    return SeenMap(name, encode_png(seen))
