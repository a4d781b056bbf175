"""Base images from outside: checked, their keypoints found where there is a detector, kept."""

import hashlib
from collections.abc import Callable

from PIL import Image
from pydantic import TypeAdapter, ValidationError

from studio.errors import BadDocument, InputError
from studio.imaging.limits import encode_png, open_png
from studio.messages import message
from studio.recipes.base import explain
from studio.recipes.canvas import BaseImage, Keypoints
from studio.store.base_images import BaseImageStore

Detector = Callable[[Image.Image], Keypoints]


def add_base_image(
    bases: BaseImageStore,
    image_id: str,
    name: str,
    png: bytes,
    keypoints: Keypoints | None = None,
    detector: Detector | None = None,
) -> BaseImage:
    """Keeps a new base image; what is kept is its pixels alone, written anew.

    Raises InputError when the id is taken or no figure is found, BadPicture for what is no
    sound PNG, BadDocument for an id, name or size that cannot be.
    """
    if any(image.id == image_id for image in bases.all(with_retired=True)):
        raise InputError("image.base_exists", id=image_id)
    picture = open_png(png, message("image.base_image")).convert("RGB")
    if keypoints is None and detector is not None:
        keypoints = detector(picture)
    image, clean = base_image_of(picture, image_id, name, keypoints)
    bases.put(image, clean, position=len(bases.all(with_retired=True)))
    return image


def base_image_of(
    picture: Image.Image, image_id: str, name: str, keypoints: Keypoints | None
) -> tuple[BaseImage, bytes]:
    """A picture as a base image, with the PNG of its pixels alone. Raises BadDocument."""
    clean = encode_png(picture)
    try:
        image = BaseImage(
            id=image_id, name=name, width=picture.width, height=picture.height,
            sha256=hashlib.sha256(clean).hexdigest(), keypoints=keypoints,
        )  # fmt: skip
    except ValidationError as error:
        raise BadDocument("image.base_invalid", reason=explain(error)) from None
    return image, clean


def find_keypoints(bases: BaseImageStore, image_id: str, detector: Detector) -> BaseImage:
    """The base image with its keypoints as the detector sees them, kept. Raises InputError when
    it sees no figure."""
    picture = open_png(bases.png(bases.get(image_id)), message("image.base_image"))
    return place_keypoints(bases, image_id, detector(picture))


def place_keypoints(bases: BaseImageStore, image_id: str, keypoints: Keypoints) -> BaseImage:
    """The base image with these keypoints, kept. Raises NotFound."""
    image = bases.get(image_id)
    position = list(bases.all(with_retired=True)).index(image)
    placed = image.model_copy(update={"keypoints": keypoints})
    bases.put(placed, bases.png(image), position=position)
    return placed


def read_keypoints(document: bytes) -> Keypoints:
    """Eighteen points as JSON. Raises BadDocument for anything else."""
    try:
        points: Keypoints = TypeAdapter(Keypoints).validate_json(document)
    except ValidationError as error:
        raise BadDocument("image.keypoints_invalid", reason=explain(error)) from None
    return points
