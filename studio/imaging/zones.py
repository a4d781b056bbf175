"""Zones of a base image: masks of its clothes, and of what no render may change.

A mask is an "L" image of the base image's size: 255 is in the zone, 0 is not.
"""

from dataclasses import dataclass

from PIL import Image, ImageChops

from studio.errors import InvalidImageError
from studio.imaging.png_io import decode_png, encode_png
from studio.messages import Message, message
from studio.recipes.base_image import ZoneImages

IN_ZONE = 128
"""Value from which a pixel of a mask from outside is in the zone, of 255."""


@dataclass(frozen=True)
class ZoneMasks:
    """The zones of a base image; None where there is no such zone."""

    clothes: Image.Image | None = None
    protected: Image.Image | None = None


NO_ZONES = ZoneMasks()


def decode_zones(masks: ZoneImages, size: tuple[int, int]) -> ZoneMasks:
    """The masks of a base image of `size` (width, height) in pixels.

    Gray, color and opaque PNGs are taken: what is at least half white is in the zone.

    Raises InvalidImageError when one is no PNG, is broken, or has another size.
    """
    clothes, protected = (
        None if png is None else _decode(png, message(label), size)
        for png, label in (
            (masks.clothes, "image.clothes_zone"),
            (masks.protected, "image.protected_zone"),
        )
    )
    return ZoneMasks(clothes, protected)


def encode_zones(masks: ZoneMasks) -> ZoneImages:
    """The masks as PNGs; a zone without a pixel is none. Equal masks give equal bytes."""
    return ZoneImages(clothes=_encode(masks.clothes), protected=_encode(masks.protected))


def is_all_protected(masks: ZoneMasks) -> bool:
    """Whether no pixel of the clothes zone may change."""
    if masks.clothes is None:
        return False
    if masks.protected is None:
        return masks.clothes.getbbox() is None
    return ImageChops.subtract(masks.clothes, masks.protected).getbbox() is None


def _decode(png: bytes, label: Message, size: tuple[int, int]) -> Image.Image:
    image = decode_png(png, label)
    if image.size != size:
        raise InvalidImageError(
            "image.zone_size",
            what=label,
            width=image.width,
            height=image.height,
            base_width=size[0],
            base_height=size[1],
        )
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", size, "black"), image.convert("RGBA"))
    return image.convert("L").point(lambda value: 255 if value >= IN_ZONE else 0)


def _encode(mask: Image.Image | None) -> bytes | None:
    return None if mask is None or mask.getbbox() is None else encode_png(mask)
