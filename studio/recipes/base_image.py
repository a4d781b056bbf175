"""What is drawn on and what is drawn: base images with their keypoints, and doodles."""

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
"""The 18 COCO keypoints in OpenPose's order; right and left are the figure's own."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Point = tuple[Fraction, Fraction]
"""x and y as fractions of the picture's width and height, from the top left."""

Keypoints = Annotated[tuple[Point | None, ...], Field(min_length=18, max_length=18)]
"""One point per name in `KEYPOINT_NAMES`; None where a joint is hidden."""

_SLUG = r"^[a-z0-9][a-z0-9-]{0,62}$"
Slug = Annotated[str, Field(pattern=_SLUG)]
"""A name that is safe in addresses and file names."""

MAX_SLUG = 63


def is_slug(text: str) -> bool:
    return re.fullmatch(_SLUG, text) is not None


def slug_of(name: str) -> str:
    """A slug for a name in any script: "Spring Party!" becomes "spring-party", "春日野餐"
    "chun-ri-ye-can". What cannot be spelt in Latin letters is told apart by a hash: "Весна"
    becomes "theme-" and eight hexadecimal digits."""
    spelt = _latin(unicodedata.normalize("NFKC", name)).casefold()
    plain = re.sub(r"[^a-z0-9]+", "-", spelt).strip("-")
    if plain and not any(sign.isalnum() and not sign.isascii() for sign in spelt):
        return plain[:MAX_SLUG].strip("-")
    return slug_with_hash(plain or "theme", name)


def slug_with_hash(slug: str, name: str) -> str:
    """`slug` with a hash of `name` behind it, for a name whose own slug does not tell it apart."""
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{slug[: MAX_SLUG - 1 - len(mark)].strip('-')}-{mark}"


def _latin(name: str) -> str:
    """Chinese in pinyin, a syllable a word, and Latin letters without their accents."""
    if not name.isascii():
        from pypinyin import lazy_pinyin  # Its dictionaries take a moment to load.

        name = " ".join(lazy_pinyin(name))
    parts = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BaseImage(FrozenModel):
    """A picture operators provide to be doodled on. Its pixels are kept by the store."""

    id: Slug
    name: Name
    width: Annotated[int, Field(ge=64, le=2048)]
    height: Annotated[int, Field(ge=64, le=2048)]
    sha256: Sha256
    keypoints: Keypoints | None = None


class UploadedBaseImage(FrozenModel):
    """A base picture that whoever asks brings along: a PNG as it came, unchecked."""

    png: bytes
    keypoints: Keypoints | None = None


class Doodle(StoredModel):
    """The user's drawing as it was checked at the door: an RGBA PNG of its base's size."""

    png_bytes: bytes
    width: int
    height: int

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.png_bytes).hexdigest()


class ControlImage(FrozenModel):
    """A picture of an operator's own that a control unit reads: a PNG, by its hash."""

    sha256: Sha256
    png: bytes
