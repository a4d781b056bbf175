"""Classification of torch's errors: out of memory, device lost, and others."""

import pytest
import torch

from studio.engine.device_errors import is_device_lost, is_out_of_memory, map_backend_errors
from studio.errors import DeviceLostError, InsufficientMemoryError, JobCancelledError, RenderError

OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    torch.AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be …"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB, max allowed: 9.07 GB)."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory"
    ),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    MemoryError(),
]
DEVICE_LOST = [
    torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
    torch.AcceleratorError("CUDA error: unspecified launch failure"),
    torch.AcceleratorError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(…)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("HIP error: the operation cannot be performed in the present state"),
]
OTHER_ERRORS = [
    RuntimeError("The size of tensor a (9) must match the size of tensor b (8)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
    AttributeError("'NoneType' object has no attribute 'device'"),
    IndexError("list index out of range"),
    ImportError("T5Tokenizer requires the SentencePiece library"),
    ValueError("the words say: CUDA error: no"),
    RuntimeError("CUDA error: no kernel image is available for execution on the device"),
    RuntimeError("CUDA error: invalid configuration argument"),
]


def error_id(error: BaseException) -> str:
    return str(error)[:40] or type(error).__name__


# Issue 18, 2 and 3.
@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=error_id)
def test_out_of_memory_becomes_insufficient_memory_error(error: Exception) -> None:
    assert (is_out_of_memory(error), is_device_lost(error)) == (True, False)
    with (
        pytest.raises(InsufficientMemoryError, match="Out of memory while preparing pocket-ink"),
        map_backend_errors("pocket-ink"),
    ):
        raise error


# Issue 18, 2.
@pytest.mark.parametrize("error", DEVICE_LOST, ids=error_id)
def test_lost_device_becomes_device_lost(error: Exception) -> None:
    assert (is_out_of_memory(error), is_device_lost(error)) == (False, True)
    with (
        pytest.raises(DeviceLostError, match="Device failed while rendering with pocket-ink"),
        map_backend_errors("pocket-ink"),
    ):
        raise error


# Issue 18, 2.
@pytest.mark.parametrize("error", OTHER_ERRORS, ids=error_id)
def test_any_other_library_error_becomes_render_error(error: Exception) -> None:
    assert (is_out_of_memory(error), is_device_lost(error)) == (False, False)
    with (
        pytest.raises(RenderError, match="Rendering with pocket-ink failed: ") as caught,
        map_backend_errors("pocket-ink"),
    ):
        raise error
    assert type(caught.value) is RenderError


def test_studio_errors_pass_unchanged() -> None:
    with pytest.raises(JobCancelledError), map_backend_errors("pocket-ink"):
        raise JobCancelledError("Variant A stopped.")
