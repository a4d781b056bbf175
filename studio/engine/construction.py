"""The lock that building a model holds, and the boundary where loaders' errors become ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studio.errors import DamagedModel
from studio.library.files import check_whole, weight_files
from studio.library.models import Model

_LOCK = threading.RLock()


@contextmanager
def construction() -> Iterator[None]:
    """Held while modules are made: diffusers does so on the meta device, process-wide, and a
    module built beside it in another thread would land there too."""
    with _LOCK:
        yield


@contextmanager
def building(model: Model) -> Iterator[None]:
    """Checks a model's files, then names it in whatever goes wrong while it is built.

    Raises DamagedModel.
    """
    check_whole(weight_files(model.path))
    try:
        with construction():
            yield
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if "meta tensor" in reason:  # diffusers, moving a module that got no weights
            reason = "some of its weights are missing from it"
        raise DamagedModel(
            f"{model.kind} {model.name} cannot be loaded from {model.path} ({reason}):"
            " put its files in place again"
        ) from error
