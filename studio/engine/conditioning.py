"""What each ControlNet unit is shown: lines, a pose, or a picture as it is. Free of torch."""

from collections.abc import Hashable

from PIL import Image

from studio.engine.detectors import DETECTORS, detected
from studio.errors import InputError
from studio.imaging.compose import composite
from studio.imaging.controlmaps import lineart_map, scribble_map
from studio.imaging.fitting import fit
from studio.imaging.limits import open_png
from studio.imaging.skeleton import draw_skeleton
from studio.messages import message
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job


def control_map(
    unit: ControlUnit,
    job: Job,
    base: Image.Image,
    doodle: Image.Image | None,
    size: tuple[int, int],
) -> Image.Image | None:
    """The unit's map at `size` (width, height) as RGB; None where there is nothing to show.

    A unit that finds no line has nothing to say and is left out rather than fed a black
    picture. A pose unit needs the base image's keypoints: raises InputError without them.
    """
    if unit.preprocessor == "pose":
        return _pose(unit, job, size)
    source = _source(unit, job, base, doodle)
    if source is None:
        return None
    resample = Image.Resampling.NEAREST if unit.source == "doodle" else Image.Resampling.LANCZOS
    fitted = fit(source, size, unit.resize_mode, resample)
    if unit.preprocessor == "none":
        return fitted.convert("RGB")
    if unit.preprocessor in DETECTORS:
        lines = detected(unit.preprocessor, _on_paper(fitted))
    else:
        lines = (scribble_map if unit.preprocessor == "scribble" else lineart_map)(fitted)
    return lines if lines.getbbox() else None


def _on_paper(picture: Image.Image) -> Image.Image:
    """A doodle as it would look on white paper."""
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def map_key(unit: ControlUnit, job: Job, size: tuple[int, int]) -> Hashable:
    """All that a unit's map depends on."""
    if unit.preprocessor == "pose":
        return unit.preprocessor, size, job.base_image.keypoints
    if unit.source == "picture":
        return unit.preprocessor, unit.picture, unit.resize_mode, size
    drawn = None if unit.source == "base" else job.doodle and job.doodle.sha256
    under = None if unit.source == "doodle" else job.base_image.sha256
    return unit.preprocessor, unit.source, unit.resize_mode, size, drawn, under


def _source(
    unit: ControlUnit, job: Job, base: Image.Image, doodle: Image.Image | None
) -> Image.Image | None:
    if unit.source == "doodle":
        return doodle
    if unit.source == "picture":
        return open_png(job.picture(unit.picture), message("image.control_unit_own"))
    return composite(base, doodle if unit.source == "composite" else None)


def _pose(unit: ControlUnit, job: Job, size: tuple[int, int]) -> Image.Image:
    if job.base_image.keypoints is None:
        raise InputError(
            "recipe.pose_without_keypoints", slot=job.letter, base_image=job.base_image.id
        )
    # Drawn at the recipe's shape at once, unless the base is to be cropped or framed into it.
    if unit.resize_mode == "Just Resize":
        return draw_skeleton(job.base_image.keypoints, *size)
    own = draw_skeleton(job.base_image.keypoints, job.base_image.width, job.base_image.height)
    return fit(own, size, unit.resize_mode)
