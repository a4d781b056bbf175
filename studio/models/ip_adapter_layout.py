"""What an IP-Adapter is, by the names and shapes of its weights: its family, and the image features it takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from studio.errors import CorruptModelError, IncompatibleModelError
from studio.models.types import FAMILY_BY_CROSS_ATTENTION_DIM, ModelFamily

Shapes = Mapping[str, tuple[int, ...]]
ImageFeatures = Literal["pooled", "hidden"]
"""What an image encoder gives: one projected embedding, or the tokens of its last layer but one."""

_PROJECTION, _ATTENTION = "image_proj.", "ip_adapter."
_PLAIN_TOKENS = 4
"""Tokens that a plain IP-Adapter makes of an image."""


@dataclass(frozen=True)
class AdapterLayout:
    """The shape of an IP-Adapter.

    Attributes:
        family: of the base models that it is for.
        cross_attention_dim: width of the tokens that it makes of an image.
        features: of the image encoder.
        feature_width: of each embedding or token.
    """

    family: ModelFamily
    cross_attention_dim: int
    features: ImageFeatures
    feature_width: int


def is_ip_adapter(shapes: Shapes) -> bool:
    """Whether a file with these weights is an IP-Adapter, complete or not."""
    return any(name.startswith((_PROJECTION, _ATTENTION)) for name in shapes)


def read_layout(shapes: Shapes, file: str) -> AdapterLayout:
    """The layout of an IP-Adapter.

    Args:
        shapes: of its weights by their names: `image_proj.…` makes tokens of an image's features, and
            `ip_adapter.….to_k_ip.weight` and `to_v_ip` are (inner width, cross-attention width).
        file: its name, for errors.

    Raises:
        IncompatibleModelError: it is one that the studio has no use for.
        CorruptModelError: weights are missing or do not fit together.
    """
    projection = dict(_below(shapes, _PROJECTION))
    attention = dict(_below(shapes, _ATTENTION))
    if _is_face_id(projection):
        raise IncompatibleModelError("model.is_face_id", file=file)
    width = _cross_attention_dim(attention)
    if width is None:
        raise _damaged(file)
    family = FAMILY_BY_CROSS_ATTENTION_DIM.get(width, "unknown")
    if any("norm_ip" in name for name in attention):
        family = "sd3"
    if "proj.weight" in projection:
        rows, features = _matrix(projection, "proj.weight", file)
        if rows != _PLAIN_TOKENS * width:
            raise _damaged(file)
        return AdapterLayout(family, width, "pooled", features)
    if "proj.3.weight" in projection:
        features = _matrix(projection, "proj.0.weight", file)[1]
        return AdapterLayout(family, width, "hidden", features)
    if "latents" in projection:
        features = _matrix(projection, "proj_in.weight", file)[1]
        return AdapterLayout(family, width, "hidden", features)
    raise IncompatibleModelError("model.ip_adapter_unknown", file=file)


def _below(shapes: Shapes, prefix: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    return (
        (name.removeprefix(prefix), shape)
        for name, shape in shapes.items()
        if name.startswith(prefix)
    )


def _is_face_id(projection: Shapes) -> bool:
    """Whether it takes the embeddings of a face recognizer, which the studio does not have."""
    return ("norm.weight" in projection and "proj.2.weight" in projection) or any(
        name.startswith("perceiver_resampler.") for name in projection
    )


def _cross_attention_dim(attention: Shapes) -> int | None:
    """The width that all keys and values take; None where a layer lacks one, or they differ."""
    keys = {name: shape for name, shape in attention.items() if name.endswith(".to_k_ip.weight")}
    widths = {shape[1] for shape in keys.values() if len(shape) == 2}
    values = [attention.get(name.replace("to_k_ip", "to_v_ip")) for name in keys]
    is_complete = values == list(keys.values()) and all(len(shape) == 2 for shape in keys.values())
    return widths.pop() if is_complete and len(widths) == 1 else None


def _matrix(projection: Shapes, name: str, file: str) -> tuple[int, int]:
    """The shape of a weight (out, in). Raises CorruptModelError where it is missing or no matrix."""
    shape = projection.get(name, ())
    if len(shape) != 2:
        raise _damaged(file)
    return shape[0], shape[1]


def _damaged(file: str) -> CorruptModelError:
    return CorruptModelError("model.ip_adapter_damaged", file=file)
