"""Errors of reading a detector's folder, for all detectors."""

from collections.abc import Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

from studio.errors import CorruptModelError, IncompatibleModelError, first_line
from studio.models.types import ModelFamily, ModelInfo


@contextmanager
def detector_loading(model: ModelInfo, family: ModelFamily) -> Iterator[None]:
    """The block reads a detector of `family` by transformers.

    Raises CorruptModelError when it cannot be loaded, IncompatibleModelError when `model` is a detector of
    another kind.
    """
    if model.family != family:
        raise IncompatibleModelError(
            "model.detector_for_other_work", name=model.name, found=model.family, wanted=family
        )
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise CorruptModelError(
            "model.detector_cannot_load", name=model.name, reason=first_line(error)
        ) from error
