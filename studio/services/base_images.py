"""Base images: adding them, and their pose keypoints."""

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
    base_images: BaseImageStore,
    image_id: str,
    name: str,
    png: bytes,
    keypoints: Keypoints | None = None,
    detector: PoseDetector | None = None,
) -> BaseImage:
    """Stores a new base image at the end of the gallery. Only its pixels are stored, encoded anew.

    `detector` finds the keypoints where none are given.

    Raises:
        InvalidInputError: the id is taken, or the detector finds no person.
        InvalidImageError: the data is no valid PNG.
        InvalidDocumentError: the id, name or size is invalid.
    """
    if any(image.id == image_id for image in base_images.list_all(include_retired=True)):
        raise InvalidInputError("image.base_exists", id=image_id)
    pixels = decode_png(png, message("image.base_image")).convert("RGB")
    if keypoints is None and detector is not None:
        keypoints = detector(pixels)
    image, clean_png = make_base_image(pixels, image_id, name, keypoints)
    position = len(base_images.list_all(include_retired=True))
    base_images.upsert(image, clean_png, position=position)
    return image


def make_base_image(
    pixels: Image.Image, image_id: str, name: str, keypoints: Keypoints | None
) -> tuple[BaseImage, bytes]:
    """A base image of these pixels, and the PNG of the pixels alone. Raises
    InvalidDocumentError."""
    clean_png = encode_png(pixels)
    try:
        image = BaseImage(
            id=image_id,
            name=name,
            width=pixels.width,
            height=pixels.height,
            sha256=hashlib.sha256(clean_png).hexdigest(),
            keypoints=keypoints,
        )
    except ValidationError as error:
        raise InvalidDocumentError(
            "image.base_invalid", reason=format_validation_error(error)
        ) from None
    return image, clean_png


def detect_keypoints(
    base_images: BaseImageStore, image_id: str, detector: PoseDetector
) -> BaseImage:
    """Stores the keypoints that the detector finds. Raises InvalidInputError when it finds no
    person."""
    png = base_images.read_png(base_images.get(image_id))
    keypoints = detector(decode_png(png, message("image.base_image")))
    return set_keypoints(base_images, image_id, keypoints)


def set_keypoints(base_images: BaseImageStore, image_id: str, keypoints: Keypoints) -> BaseImage:
    """Stores these keypoints. Raises NotFoundError."""
    image = base_images.get(image_id)
    position = list(base_images.list_all(include_retired=True)).index(image)
    updated = image.model_copy(update={"keypoints": keypoints})
    base_images.upsert(updated, base_images.read_png(image), position=position)
    return updated


def parse_keypoints(document: bytes) -> Keypoints:
    """Keypoints of a JSON document with the eighteen OpenPose points. Raises
    InvalidDocumentError."""
    try:
        keypoints: Keypoints = TypeAdapter(Keypoints).validate_json(document)
    except ValidationError as error:
        raise InvalidDocumentError(
            "image.keypoints_invalid", reason=format_validation_error(error)
        ) from None
    return keypoints
