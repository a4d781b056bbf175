"""Makes the control map of a ControlNet unit: lines, a pose skeleton, or an image. Free of torch."""

from collections.abc import Hashable

from PIL import Image

from studio.engine.control.edge_detectors import EDGE_DETECTORS, detect_edges
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
    """The unit's control map, RGB at `size` (width, height) in pixels.

    None when there is nothing to show: a unit whose preprocessor finds no line is left out rather
    than given a black image.

    Raises InvalidInputError for a pose unit when the base image has no keypoints, NotFoundError when
    the job lacks the unit's own image.
    """
    if unit.preprocessor == "pose":
        return _pose_map(unit, job, size)
    if (source := _select_source(unit, job, base, doodle)) is None:
        return None
    resample = Image.Resampling.NEAREST if unit.source == "doodle" else Image.Resampling.LANCZOS
    resized = resize_to(source, size, unit.resize_mode, resample)
    if unit.preprocessor == "none":
        return resized.convert("RGB")
    lines = _line_map(unit, resized)
    return lines if lines.getbbox() else None


def _line_map(unit: ControlUnit, image: Image.Image) -> Image.Image:
    """White lines on black by the unit's preprocessor."""
    if unit.preprocessor in EDGE_DETECTORS:
        return detect_edges(unit.preprocessor, _flatten_on_white(image))
    return (scribble_map if unit.preprocessor == "scribble" else lineart_map)(image)


def _flatten_on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def control_map_key(unit: ControlUnit, job: RenderJob, size: tuple[int, int]) -> Hashable:
    """Cache key: everything that the unit's control map at `size` depends on."""
    if unit.preprocessor == "pose":
        return unit.preprocessor, size, job.base_image.keypoints
    if unit.source == "image":
        return unit.preprocessor, unit.image_sha256, unit.resize_mode, size
    doodle_sha256 = None if unit.source == "base" else job.doodle and job.doodle.sha256
    base_sha256 = None if unit.source == "doodle" else job.base_image.sha256
    return unit.preprocessor, unit.source, unit.resize_mode, size, doodle_sha256, base_sha256


def _select_source(
    unit: ControlUnit, job: RenderJob, base: Image.Image, doodle: Image.Image | None
) -> Image.Image | None:
    """The image that the unit's preprocessor reads; None for a doodle that is not there."""
    if unit.source == "doodle":
        return doodle
    if unit.source == "image":
        return decode_png(job.control_image(unit.image_sha256), message("image.control_image"))
    return overlay_doodle(base, doodle if unit.source == "composite" else None)


def _pose_map(unit: ControlUnit, job: RenderJob, size: tuple[int, int]) -> Image.Image:
    base_image = job.base_image
    if base_image.keypoints is None:
        raise InvalidInputError(
            "recipe.pose_without_keypoints", slot=job.slot, base_image=base_image.id
        )
    # Rendered at the target size at once, unless the base image is cropped or padded to it.
    if unit.resize_mode == "Just Resize":
        return render_openpose_map(base_image.keypoints, *size)
    pose = render_openpose_map(base_image.keypoints, base_image.width, base_image.height)
    return resize_to(pose, size, unit.resize_mode)
