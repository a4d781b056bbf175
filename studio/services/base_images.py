"""Base images from outside: checked, their keypoints found where there is a detector, kept."""

import hashlib
from collections.abc import Callable

from PIL import Image
from pydantic import TypeAdapter, ValidationError

from studio.errors import InvalidDocumentError, InvalidInputError
from studio.imaging.png_io import decode_png, encode_png
from studio.messages import message
from studio.recipes.base import format_validation_error
from studio.recipes.base_image import BaseImage, Keypoints
from studio.store.base_images import BaseImageStore

PoseDetector = Callable[[Image.Image], Keypoints]


def add_base_image(
    bases: BaseImageStore,
    image_id: str,
    name: str,
    png: bytes,
    keypoints: Keypoints | None = None,
    detector: PoseDetector | None = None,
) -> BaseImage:
    """Keeps a new base image; what is kept is its pixels alone, written anew.

    Raises InputError when the id is taken or no figure is found, BadPicture for what is no
    sound PNG, BadDocument for an id, name or size that cannot be.
    """
    if any(image.id == image_id for image in bases.list_all(include_retired=True)):
        raise InvalidInputError("image.base_exists", id=image_id)
    pixels = decode_png(png, message("image.base_image")).convert("RGB")
    if keypoints is None and detector is not None:
        keypoints = detector(pixels)
    image, clean = make_base_image(pixels, image_id, name, keypoints)
    bases.upsert(image, clean, position=len(bases.list_all(include_retired=True)))
    return image


def make_base_image(
    pixels: Image.Image, image_id: str, name: str, keypoints: Keypoints | None
) -> tuple[BaseImage, bytes]:
    """A picture as a base image, with the PNG of its pixels alone. Raises BadDocument."""
    clean = encode_png(pixels)
    try:
        image = BaseImage(
            id=image_id, name=name, width=pixels.width, height=pixels.height,
            sha256=hashlib.sha256(clean).hexdigest(), keypoints=keypoints,
        )  # fmt: skip
    except ValidationError as error:
        raise InvalidDocumentError(
            "image.base_invalid", reason=format_validation_error(error)
        ) from None
    return image, clean


def detect_keypoints(bases: BaseImageStore, image_id: str, detector: PoseDetector) -> BaseImage:
    """The base image with its keypoints as the detector sees them, kept. Raises InputError when
    it sees no figure."""
    image = decode_png(bases.read_png(bases.get(image_id)), message("image.base_image"))
    return set_keypoints(bases, image_id, detector(image))


def set_keypoints(bases: BaseImageStore, image_id: str, keypoints: Keypoints) -> BaseImage:
    """The base image with these keypoints, kept. Raises NotFound."""
    image = bases.get(image_id)
    position = list(bases.list_all(include_retired=True)).index(image)
    placed = image.model_copy(update={"keypoints": keypoints})
    bases.upsert(placed, bases.read_png(image), position=position)
    return placed


def parse_keypoints(document: bytes) -> Keypoints:
    """Eighteen points as JSON. Raises BadDocument for anything else."""
    try:
        points: Keypoints = TypeAdapter(Keypoints).validate_json(document)
    except ValidationError as error:
        raise InvalidDocumentError(
            "image.keypoints_invalid", reason=format_validation_error(error)
        ) from None
    return points
