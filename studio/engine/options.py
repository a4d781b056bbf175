"""How an engine works: on which device, how precisely, and how long a job may take."""

from dataclasses import dataclass
from typing import Literal

import torch

from studio.errors import RenderError

Precision = Literal["auto", "fp32", "fp16", "bf16"]

_DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}


@dataclass(frozen=True)
class EngineOptions:
    """`exact` leaves out whatever trades likeness for speed. `compile` has torch compile the
    blocks that a denoiser repeats: quicker steps after slow first ones. A job ends at the first
    step after `job_seconds`, loading included; None: it may take as long as it takes."""

    precision: Precision = "auto"
    disable_approximations: bool = False
    compile: bool = False
    job_timeout_seconds: float | None = None


def resolve_device(wanted: str) -> torch.device:
    """`auto` is the first graphics card, or else the CPU. Raises EngineError where torch does not
    find the one that is wanted."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (wanted == "cuda" and not cuda) or (wanted == "mps" and not mps):
        raise RenderError("engine.device_not_found", version=torch.__version__, device=wanted)
    return torch.device(wanted)


def resolve_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """`auto` is half precision on CUDA, where it doubles the speed, and full elsewhere."""
    if precision != "auto":
        return _DTYPES[precision]
    return torch.float16 if device.type == "cuda" else torch.float32


def device_name(device: torch.device) -> str:
    """The device as a person knows it: `cuda (NVIDIA L4, 22 GiB)`."""
    if device.type != "cuda":
        return str(device)
    found = torch.cuda.get_device_properties(device)
    return f"{device} ({found.name}, {found.total_memory / 2**30:.0f} GiB)"


def precision_name(dtype: torch.dtype) -> str:
    """As the setting has it: `fp16`."""
    return next(name for name, each in _DTYPES.items() if each == dtype)
