"""Base images with their pose keypoints and zones, and the doodles that are drawn on them."""

import hashlib
import re
import unicodedata
from functools import cached_property
from typing import Annotated

from pydantic import Field

from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.text_fields import Name

KEYPOINT_NAMES = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
"""The 18 COCO keypoints in OpenPose's order; right and left are the character's own."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Point = tuple[Fraction, Fraction]
"""x and y as fractions of the image's width and height, from the top left."""

Keypoints = Annotated[tuple[Point | None, ...], Field(min_length=18, max_length=18)]
"""One point per name in `KEYPOINT_NAMES`; None where a joint is hidden."""

_SLUG = r"^[a-z0-9][a-z0-9-]{0,62}$"
Slug = Annotated[str, Field(pattern=_SLUG)]
"""A name that is safe in URLs and file names."""

MAX_SLUG = 63
"""Characters of a slug."""


def is_slug(text: str) -> bool:
    """Whether `text` is a valid slug."""
    return re.fullmatch(_SLUG, text) is not None


def slug_of(name: str) -> str:
    """A slug for a name in any script.

    "Spring Party!" becomes "spring-party", "春日野餐" "chun-ri-ye-can". A name that cannot be
    transliterated to Latin letters gets a hash: "Весна" becomes "theme-" and eight hexadecimal digits.
    """
    latin = _transliterate(unicodedata.normalize("NFKC", name)).casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")
    if slug and not any(char.isalnum() and not char.isascii() for char in latin):
        return slug[:MAX_SLUG].strip("-")
    return slug_with_hash(slug or "theme", name)


def slug_with_hash(slug: str, name: str) -> str:
    """`slug` with a hash of `name` appended, for names whose slugs would be equal."""
    suffix = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{slug[: MAX_SLUG - 1 - len(suffix)].strip('-')}-{suffix}"


def _transliterate(name: str) -> str:
    """Chinese as pinyin, one word per syllable, and Latin letters without their accents."""
    if not name.isascii():
        from pypinyin import lazy_pinyin  # Loads dictionaries, which takes a moment.

        name = " ".join(lazy_pinyin(name))
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 hash in lower-case hexadecimal digits."""


class Zones(FrozenModel):
    """Masks of a base image by hash; the image store holds their pixels. None: there is no such zone.

    Attributes:
        clothes: what a recipe's mask of the area "garment" or "both" may change.
        protected: what no mask changes, whatever its area.
    """

    clothes: Sha256 | None = None
    protected: Sha256 | None = None


class ZoneImages(FrozenModel):
    """The masks of a base image's zones as PNGs of its size: 255 is in the zone, 0 is not."""

    clothes: bytes | None = None
    protected: bytes | None = None


class BaseImage(FrozenModel):
    """An image that operators provide to be drawn on. The store holds its pixels.

    `width` and `height` are in pixels. `zones` is None until zones are painted.
    """

    id: Slug
    name: Name
    width: Annotated[int, Field(ge=64, le=2048)]
    height: Annotated[int, Field(ge=64, le=2048)]
    sha256: Sha256
    keypoints: Keypoints | None = None
    zones: Zones | None = None


class UploadedBaseImage(FrozenModel):
    """A base image that a client sends with its request: PNG bytes that are not validated yet."""

    png: bytes
    keypoints: Keypoints | None = None
    zones: ZoneImages = ZoneImages()


class Doodle(StoredModel):
    """The user's drawing after validation: an RGBA PNG of its base image's size in pixels."""

    png_bytes: bytes
    width: int
    height: int

    @cached_property
    def sha256(self) -> str:
        """Hash of the PNG bytes."""
        return hashlib.sha256(self.png_bytes).hexdigest()


class ControlImage(FrozenModel):
    """An operator's own image as input of a control unit or a reference: a PNG and its hash."""

    sha256: Sha256
    png: bytes
