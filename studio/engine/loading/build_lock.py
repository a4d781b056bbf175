"""The lock held while modules are built, and the mapping of loaders' errors to the studio's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studio.engine.device_errors import is_device_lost, is_out_of_memory
from studio.errors import CorruptModelError, InsufficientMemoryError, first_line
from studio.messages import Message, message
from studio.models.types import ModelInfo
from studio.models.weights import list_weight_files, verify_readable
from studio.recipes.generation.recipe import KIND_NAMES

_LOCK = threading.RLock()
_LOADER_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
    AttributeError,
    TypeError,
    MemoryError,
)


@contextmanager
def module_build_lock() -> Iterator[None]:
    """Held while modules are built.

    diffusers builds them on the meta device, which it sets process-wide: a module built in another
    thread at the same time would land there, too. The default data type is process-wide as well, and
    the model's while it is loaded: code that runs meanwhile gives each tensor its type.
    """
    with _LOCK:
        yield


@contextmanager
def loading_errors(model: ModelInfo) -> Iterator[None]:
    """Verifies a model's files, then builds it in the block, with errors that name it.

    Raises CorruptModelError, or InsufficientMemoryError when the machine has too little memory.
    """
    verify_readable(list_weight_files(model.path))
    try:
        with module_build_lock():
            yield
    except _LOADER_ERRORS as error:
        if is_device_lost(error):
            raise
        raise _loading_error(model, error) from error


def _loading_error(
    model: ModelInfo, error: Exception
) -> InsufficientMemoryError | CorruptModelError:
    if is_out_of_memory(error):
        return InsufficientMemoryError(
            "engine.machine_out_of_memory",
            kind=KIND_NAMES[model.kind],
            name=model.name,
            size=f"{model.size_bytes / 1e6:,.0f}",
        )
    reason: str | Message = first_line(error)
    if "meta tensor" in first_line(error):  # diffusers, moving a module that got no weights
        reason = message("model.some_weights_missing")
    return CorruptModelError(
        "model.cannot_load",
        kind=KIND_NAMES[model.kind],
        name=model.name,
        path=str(model.path),
        reason=reason,
    )
