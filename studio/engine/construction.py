"""The lock that building a model holds, and the boundary where loaders' errors become ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studio.engine.failures import lost_device, ran_out_of_memory, reason
from studio.errors import DamagedModel, NoRoom
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

    Raises DamagedModel, NoRoom when the machine has too little memory for it.
    """
    check_whole(weight_files(model.path))
    try:
        with construction():
            yield
    except (
        OSError, ValueError, RuntimeError, KeyError, AttributeError, TypeError, MemoryError,
    ) as error:  # fmt: skip
        if lost_device(error):
            raise
        if ran_out_of_memory(error):
            raise NoRoom(
                f"{model.kind} {model.name} needs {model.bytes / 1e6:,.0f} MB and more, and this"
                " machine has too little memory left: choose a smaller one, or lower"
                " STUDIO_RAM_BASE_MODELS"
            ) from error
        said = reason(error)
        if "meta tensor" in said:  # diffusers, moving a module that got no weights
            said = "some of its weights are missing from it"
        raise DamagedModel(
            f"{model.kind} {model.name} cannot be loaded from {model.path} ({said}):"
            " put its files in place again"
        ) from error
