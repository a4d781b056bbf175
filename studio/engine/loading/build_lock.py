"""The lock that building a model holds, and the boundary where loaders' errors become ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from studio.engine.device_errors import lost_device, ran_out_of_memory, reason
from studio.errors import CorruptModelError, InsufficientMemoryError
from studio.messages import Message, message
from studio.models.types import ModelInfo
from studio.models.weights import list_weight_files, verify_readable
from studio.recipes.generation.recipe import KIND_NAMES

_LOCK = threading.RLock()


@contextmanager
def module_build_lock() -> Iterator[None]:
    """Held while modules are made: diffusers does so on the meta device, process-wide, and a
    module built beside it in another thread would land there too."""
    with _LOCK:
        yield


@contextmanager
def loading_errors(model: ModelInfo) -> Iterator[None]:
    """Checks a model's files, then names it in whatever goes wrong while it is built.

    Raises DamagedModel, NoRoom when the machine has too little memory for it.
    """
    verify_readable(list_weight_files(model.path))
    try:
        with module_build_lock():
            yield
    except (
        OSError, ValueError, RuntimeError, KeyError, AttributeError, TypeError, MemoryError,
    ) as error:  # fmt: skip
        if lost_device(error):
            raise
        if ran_out_of_memory(error):
            raise InsufficientMemoryError(
                "engine.machine_out_of_memory",
                kind=KIND_NAMES[model.kind],
                name=model.name,
                size=f"{model.size_bytes / 1e6:,.0f}",
            ) from error
        said: str | Message = reason(error)
        if "meta tensor" in reason(error):  # diffusers, moving a module that got no weights
            said = message("model.some_weights_missing")
        raise CorruptModelError(
            "model.cannot_load",
            kind=KIND_NAMES[model.kind],
            name=model.name,
            path=str(model.path),
            reason=said,
        ) from error
