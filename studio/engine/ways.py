"""How an engine works: on which device, how precisely, and how long a job may take."""

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
class Ways:
    """`exact` leaves out whatever trades likeness for speed. `compile` has torch compile the
    blocks that a denoiser repeats: quicker steps after slow first ones. A job ends at the first
    step after `job_seconds`, loading included; None: it may take as long as it takes."""

    precision: Precision = "auto"
    exact: bool = False
    compile: bool = False
    job_seconds: float | None = None


def chosen_device(wanted: str) -> torch.device:
    """`auto` is the first graphics card, or else the CPU."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def chosen_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """`auto` is half precision on CUDA, where it doubles the speed, and full elsewhere."""
    if precision != "auto":
        return _DTYPES[precision]
    return torch.float16 if device.type == "cuda" else torch.float32
