"""Options of an engine: precision, approximations and the job timeout."""

from dataclasses import dataclass
from typing import Literal

import torch

Precision = Literal["auto", "fp32", "fp16", "bf16"]

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

    job_timeout_seconds: float | None = None
    """A job fails at the first step after this time, model loading included; None: no timeout."""


def resolve_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """The data type for a setting; `auto` is fp16 on CUDA, where it doubles the speed, else fp32."""
    if precision != "auto":
        return _DTYPES[precision]
    return torch.float16 if device.type == "cuda" else torch.float32


def precision_name(dtype: torch.dtype) -> str:
    """The setting for a data type, e.g. `fp16`."""
    return next(name for name, candidate in _DTYPES.items() if candidate == dtype)
