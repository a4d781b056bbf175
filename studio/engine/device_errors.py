"""What torch's errors mean: memory ran out, the device is lost, or something else went wrong.

torch tells the three apart by class where it can, and by words where it cannot.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch._dynamo.exc import TorchDynamoException

from studio.errors import DeviceLostError, InsufficientMemoryError, RenderError

log = logging.getLogger(__name__)

_OUT_OF_MEMORY = re.compile(
    # CUDA, HIP and MPS; the CPU's allocator; cuBLAS and cuDNN.
    "out of memory|can't allocate memory|not enough memory|ALLOC_FAILED|ALLOCATION_FAILED",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"^(CUDA|HIP)( driver)? error: |device-side assert|^cu(DNN|SOLVER|SPARSE|FFT) error: .*"
    r"(NOT_INITIALIZED|INTERNAL_ERROR|EXECUTION_FAILED|MAPPING_ERROR)"
)
"""How errors begin after which no call to the device succeeds. cuBLAS's are CUDA errors to torch."""

_OF_ONE_CALL = re.compile(
    "no kernel image|invalid configuration argument|invalid argument|not supported", re.IGNORECASE
)
"""What CUDA says of one call that it did not take: the next may succeed, and a new process helps nobody."""

_FROM_LIBRARIES = (
    RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError,
    ImportError, MemoryError,
)  # fmt: skip


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the device or this machine had no memory left; nothing else is wrong then."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def lost_device(error: BaseException) -> bool:
    """Whether the device answers nobody in this process any more."""
    if ran_out_of_memory(error) or not isinstance(error, RuntimeError):
        return False
    if _OF_ONE_CALL.search(reason(error)):
        return False
    return isinstance(error, torch.AcceleratorError) or _LOST.search(str(error)) is not None


def reason(error: BaseException) -> str:
    """The first line of what an error says, or its name where it says nothing."""
    said = str(error).strip()
    return said.splitlines()[0] if said else type(error).__name__


@contextmanager
def translated(name: str) -> Iterator[None]:
    """The one boundary where diffusers' and torch's errors become ours; `name` is the base model.

    Raises DeviceLostError where the process must end, NoRoom where memory ran out, else EngineError.
    """
    try:
        yield
    except _FROM_LIBRARIES as error:
        said = reason(error)
        if ran_out_of_memory(error):
            raise InsufficientMemoryError(
                "engine.out_of_memory_preparing", name=name, reason=said
            ) from error
        if lost_device(error):
            raise DeviceLostError("engine.device_failed", name=name, reason=said) from error
        if isinstance(error, TorchDynamoException):
            raise RenderError("engine.cannot_compile", name=name, reason=said) from error
        log.warning("rendering with %s failed", name, exc_info=error)
        raise RenderError("engine.rendering_failed", name=name, reason=said) from error
