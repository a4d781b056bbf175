"""Options of an engine: precision, approximations and the job timeout."""

from dataclasses import dataclass
from typing import Literal

import torch

from studio.recipes.generation.planning import MAX_BATCH_SIZE

Precision = Literal["auto", "fp32", "fp16", "bf16"]

Batching = Literal["auto", "on", "off"]

BF16_DIFFERENCE = 1.0
"""Mean difference of 255 that an image may have in bf16 from the same in fp32."""

_DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}


@dataclass(frozen=True)
class EngineOptions:
    """How an engine renders."""

    precision: Precision = "auto"
    """Data type of the weights; see `resolve_dtype`."""

    disable_approximations: bool = False
    """Exact mode: leaves out DeepCache and torch.compile, which trade fidelity for speed."""

    torch_compile: bool = False
    """Compiles the denoiser's repeated blocks: faster steps after slow first ones."""

    cuda_graphs: bool = True
    """On CUDA: records each kind of step once and replays it, instead of launching every kernel from
    Python. The pixels are the same."""

    batching: Batching = "auto"
    """Whether jobs are rendered in batches; see `resolve_batch_size`."""

    job_timeout_seconds: float | None = None
    """A job fails at the first step after this time, model loading included; None: no timeout."""


def resolve_dtype(
    device: torch.device, precision: Precision, disable_approximations: bool = False
) -> torch.dtype:
    """The data type for a setting.

    `auto` is fp16 on CUDA, where it doubles the speed; bf16 on a CPU that computes in it, but in exact
    mode (the images of the pocket models differ from those in fp32 by less than `BF16_DIFFERENCE`);
    else fp32.
    """
    if precision != "auto":
        return _DTYPES[precision]
    if device.type == "cpu" and has_native_bf16() and not disable_approximations:
        return torch.bfloat16
    return torch.float16 if device.type == "cuda" else torch.float32


def has_native_bf16() -> bool:
    """Whether this CPU multiplies matrices in bf16 (AMX or AVX512-BF16) and torch has kernels for it."""
    capabilities = torch.cpu.get_capabilities()
    is_native = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
    return bool(is_native) and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


def resolve_batch_size(device: torch.device, options: EngineOptions) -> int:
    """How many jobs may be rendered at once.

    `auto` is several on CUDA, where one image leaves most of the card idle. One in exact mode, since
    an image's last bits differ in a batch.
    """
    is_on = options.batching == "on" or (options.batching == "auto" and device.type == "cuda")
    return MAX_BATCH_SIZE if is_on and not options.disable_approximations else 1


def precision_name(dtype: torch.dtype) -> str:
    """The setting for a data type, e.g. `fp16`."""
    return next(name for name, candidate in _DTYPES.items() if candidate == dtype)
