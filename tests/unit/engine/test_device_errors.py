"""What torch says when memory runs out, and when the device is gone."""

import pytest
import torch

from studio.engine.device_errors import lost_device, ran_out_of_memory, translated
from studio.errors import DeviceLostError, InsufficientMemoryError, JobCancelledError, RenderError

MEMORY = [
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
LOST = [
    torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
    torch.AcceleratorError("CUDA error: unspecified launch failure"),
    torch.AcceleratorError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(…)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("HIP error: the operation cannot be performed in the present state"),
]
OTHERS = [
    RuntimeError("The size of tensor a (9) must match the size of tensor b (8)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
    AttributeError("'NoneType' object has no attribute 'device'"),
    IndexError("list index out of range"),
    ImportError("T5Tokenizer requires the SentencePiece library"),
    ValueError("the words say: CUDA error: no"),
    RuntimeError("CUDA error: no kernel image is available for execution on the device"),
    RuntimeError("CUDA error: invalid configuration argument"),
]


def said(error: BaseException) -> str:
    return str(error)[:40] or type(error).__name__


# Issue 18, 2 and 3.
@pytest.mark.parametrize("error", MEMORY, ids=said)
def test_memory_that_ran_out_is_told_apart(error: Exception) -> None:
    assert (ran_out_of_memory(error), lost_device(error)) == (True, False)
    with pytest.raises(InsufficientMemoryError, match="memory ran out while pocket-ink was made ready"), translated("pocket-ink"):  # fmt: skip
        raise error


# Issue 18, 2.
@pytest.mark.parametrize("error", LOST, ids=said)
def test_a_device_that_answers_nobody_any_more_is_an_error_of_its_own(error: Exception) -> None:
    assert (ran_out_of_memory(error), lost_device(error)) == (False, True)
    with pytest.raises(DeviceLostError, match="device failed while rendering with pocket-ink"), translated("pocket-ink"):  # fmt: skip
        raise error


# Issue 18, 2.
@pytest.mark.parametrize("error", OTHERS, ids=said)
def test_whatever_else_fails_inside_a_library_is_an_engine_error(error: Exception) -> None:
    assert (ran_out_of_memory(error), lost_device(error)) == (False, False)
    with pytest.raises(RenderError, match="rendering with pocket-ink failed: ") as told, translated("pocket-ink"):  # fmt: skip
        raise error
    assert type(told.value) is RenderError


def test_what_is_ours_passes_as_it_is() -> None:
    with pytest.raises(JobCancelledError), translated("pocket-ink"):
        raise JobCancelledError("variant A was stopped")
