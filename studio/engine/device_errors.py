"""Classifies torch's errors (out of memory, device lost, other) and maps them to the studio's.

torch distinguishes them by class where it can, else only by the error's text.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch._dynamo.exc import TorchDynamoException

from studio.errors import DeviceLostError, InsufficientMemoryError, RenderError, first_line

log = logging.getLogger(__name__)

_OUT_OF_MEMORY = re.compile(
    # CUDA, HIP and MPS; the CPU's allocator; cuBLAS and cuDNN.
    "out of memory|can't allocate memory|not enough memory|ALLOC_FAILED|ALLOCATION_FAILED",
    re.IGNORECASE,
)
_DEVICE_LOST = re.compile(
    r"^(CUDA|HIP)( driver)? error: |device-side assert|^cu(DNN|SOLVER|SPARSE|FFT) error: .*"
    r"(NOT_INITIALIZED|INTERNAL_ERROR|EXECUTION_FAILED|MAPPING_ERROR)"
)
"""Errors after which no call to the device succeeds. torch reports cuBLAS's as CUDA errors."""

_SINGLE_CALL_ERRORS = re.compile(
    "no kernel image|invalid configuration argument|invalid argument|not supported", re.IGNORECASE
)
"""CUDA errors of one rejected call: the next may succeed, so a restart of the process is no help."""

_LIBRARY_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    ImportError,
    MemoryError,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on the device or on the host."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None


def is_device_lost(error: BaseException) -> bool:
    """Whether the device is unusable for the rest of this process."""
    if is_out_of_memory(error) or not isinstance(error, RuntimeError):
        return False
    if _SINGLE_CALL_ERRORS.search(first_line(error)):
        return False
    return isinstance(error, torch.AcceleratorError) or _DEVICE_LOST.search(str(error)) is not None


@contextmanager
def map_backend_errors(name: str) -> Iterator[None]:
    """Maps the errors of diffusers and torch in the block; `name` is the base model's, for the message.

    Raises DeviceLostError when the process must end, InsufficientMemoryError when an allocation failed,
    RenderError for everything else.
    """
    try:
        yield
    except _LIBRARY_ERRORS as error:
        reason = first_line(error)
        if is_out_of_memory(error):
            raise InsufficientMemoryError(
                "engine.out_of_memory_preparing", name=name, reason=reason
            ) from error
        if is_device_lost(error):
            raise DeviceLostError("engine.device_failed", name=name, reason=reason) from error
        if isinstance(error, TorchDynamoException):
            raise RenderError("engine.cannot_compile", name=name, reason=reason) from error
        log.warning("rendering with %s failed", name, exc_info=error)
        raise RenderError("engine.rendering_failed", name=name, reason=reason) from error
