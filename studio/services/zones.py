"""Zones of base images: storing the masks that were painted, and finding those that a preset's masks need."""

import hashlib
from collections.abc import Callable

from PIL import Image

from studio.errors import InvalidInputError
from studio.imaging.png_io import decode_png
from studio.imaging.zone_proposal import propose_zones
from studio.imaging.zones import ZoneMasks, decode_zones, encode_zones, is_all_protected
from studio.messages import message
from studio.recipes.base_image import BaseImage, ZoneImages, Zones
from studio.recipes.themes.preset import SLOTS, Preset
from studio.store.base_images import BaseImageStore

ClothesDetector = Callable[[Image.Image], ZoneMasks]


def set_zones(base_images: BaseImageStore, image_id: str, masks: ZoneImages) -> BaseImage:
    """Replaces the zones of a base image. A zone without a pixel is none.

    Raises NotFoundError, and InvalidImageError for a mask that is no PNG of the base image's size.
    """
    return base_images.set_zones(image_id, clean_zones(masks, base_images.get(image_id)))


def clean_zones(masks: ZoneImages, image: BaseImage) -> ZoneImages:
    """Masks from outside, black and white and encoded anew. Raises InvalidImageError."""
    return encode_zones(decode_zones(masks, (image.width, image.height)))


def hash_zones(masks: ZoneImages) -> Zones:
    """The hashes by which the masks are known."""
    clothes, protected = (
        None if png is None else hashlib.sha256(png).hexdigest()
        for png in (masks.clothes, masks.protected)
    )
    return Zones(clothes=clothes, protected=protected)


def propose_zones_of(
    base_images: BaseImageStore, image_id: str, detector: ClothesDetector | None = None
) -> ZoneImages:
    """Zones that `detector` finds; without one, by keypoints and silhouette. Nothing is stored.

    Raises NotFoundError, and InvalidInputError where there are no clothes or keypoints.
    """
    image = base_images.get(image_id)
    pixels = decode_png(base_images.read_png(image), message("image.base_image")).convert("RGB")
    zones = detector(pixels) if detector else propose_zones(pixels, image.keypoints)
    return encode_zones(zones)


def load_zone_images(preset: Preset, image: BaseImage, base_images: BaseImageStore) -> ZoneImages:
    """The masks of a stored base image's zones, where a recipe of the preset has a mask.

    Raises NotFoundError when a file is missing, and as `masks_for`.
    """
    if all(preset.recipes[slot].mask.area == "off" for slot in SLOTS):
        return ZoneImages()
    return masks_for(preset, image, base_images.read_zones(image))


def masks_for(preset: Preset, image: BaseImage, masks: ZoneImages) -> ZoneImages:
    """The masks, where a recipe of the preset has a mask; otherwise none.

    Raises:
        InvalidImageError: a mask is broken, or not of the base image's size.
        InvalidInputError: a recipe may change the clothes alone, and all of them are protected.
    """
    areas = {preset.recipes[slot].mask.area for slot in SLOTS}
    if areas == {"off"}:
        return ZoneImages()
    zones = decode_zones(masks, (image.width, image.height))
    if "garment" in areas and is_all_protected(zones):
        raise InvalidInputError("recipe.mask_all_protected", name=image.name)
    return masks
