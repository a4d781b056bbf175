"""What each ControlNet unit is shown: lines, a pose, or a picture as it is. Free of torch."""

from collections.abc import Hashable

from PIL import Image

from studio.engine.control.edge_detectors import DETECTORS, detect_edges
from studio.errors import InvalidInputError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.control_maps import lineart_map, scribble_map
from studio.imaging.openpose_renderer import render_openpose_map
from studio.imaging.png_io import decode_png
from studio.imaging.resize import resize_to
from studio.messages import message
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit


def make_control_map(
    unit: ControlUnit,
    job: RenderJob,
    base: Image.Image,
    doodle: Image.Image | None,
    size: tuple[int, int],
) -> Image.Image | None:
    """The unit's map at `size` (width, height) as RGB; None where there is nothing to show.

    A unit that finds no line has nothing to say and is left out rather than fed a black
    picture. A pose unit needs the base image's keypoints: raises InputError without them.
    """
    if unit.preprocessor == "pose":
        return _pose_map(unit, job, size)
    source = _select_source(unit, job, base, doodle)
    if source is None:
        return None
    resample = Image.Resampling.NEAREST if unit.source == "doodle" else Image.Resampling.LANCZOS
    fitted = resize_to(source, size, unit.resize_mode, resample)
    if unit.preprocessor == "none":
        return fitted.convert("RGB")
    if unit.preprocessor in DETECTORS:
        lines = detect_edges(unit.preprocessor, _flatten_on_white(fitted))
    else:
        lines = (scribble_map if unit.preprocessor == "scribble" else lineart_map)(fitted)
    return lines if lines.getbbox() else None


def _flatten_on_white(image: Image.Image) -> Image.Image:
    """A doodle as it would look on white paper."""
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def control_map_key(unit: ControlUnit, job: RenderJob, size: tuple[int, int]) -> Hashable:
    """All that a unit's map depends on."""
    if unit.preprocessor == "pose":
        return unit.preprocessor, size, job.base_image.keypoints
    if unit.source == "image":
        return unit.preprocessor, unit.image_sha256, unit.resize_mode, size
    drawn = None if unit.source == "base" else job.doodle and job.doodle.sha256
    under = None if unit.source == "doodle" else job.base_image.sha256
    return unit.preprocessor, unit.source, unit.resize_mode, size, drawn, under


def _select_source(
    unit: ControlUnit, job: RenderJob, base: Image.Image, doodle: Image.Image | None
) -> Image.Image | None:
    if unit.source == "doodle":
        return doodle
    if unit.source == "image":
        return decode_png(job.control_image(unit.image_sha256), message("image.control_unit_own"))
    return overlay_doodle(base, doodle if unit.source == "composite" else None)


def _pose_map(unit: ControlUnit, job: RenderJob, size: tuple[int, int]) -> Image.Image:
    if job.base_image.keypoints is None:
        raise InvalidInputError(
            "recipe.pose_without_keypoints", slot=job.slot, base_image=job.base_image.id
        )
    # Drawn at the recipe's shape at once, unless the base is to be cropped or framed into it.
    if unit.resize_mode == "Just Resize":
        return render_openpose_map(job.base_image.keypoints, *size)
    own = render_openpose_map(job.base_image.keypoints, job.base_image.width, job.base_image.height)
    return resize_to(own, size, unit.resize_mode)
