"""Options of an engine: device, precision, approximations and the job timeout."""

from dataclasses import dataclass
from typing import Literal

import torch

from studio.errors import RenderError

Precision = Literal["auto", "fp32", "fp16", "bf16"]

Batching = Literal["auto", "on", "off"]

MAX_BATCH_SIZE = 8
"""Jobs of one batch. With guidance the denoiser sees twice as many rows; beyond, a step of an H100
takes as much longer as it does more."""

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


def resolve_device(name: str) -> torch.device:
    """The torch device for a setting: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.

    `auto` is the first CUDA device, else MPS, else the CPU.

    Raises RenderError when torch does not find the device.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (name == "cuda" and not cuda) or (name == "mps" and not mps):
        raise RenderError("engine.device_not_found", version=torch.__version__, device=name)
    return torch.device(name)


def resolve_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """The data type for a setting; `auto` is fp16 on CUDA, where it doubles the speed, else fp32."""
    if precision != "auto":
        return _DTYPES[precision]
    return torch.float16 if device.type == "cuda" else torch.float32


def resolve_batch_size(device: torch.device, options: EngineOptions) -> int:
    """How many jobs may be rendered at once.

    `auto` is several on CUDA, where one image leaves most of the card idle. One in exact mode, since
    an image's last bits differ in a batch.
    """
    wanted = options.batching == "on" or (options.batching == "auto" and device.type == "cuda")
    return MAX_BATCH_SIZE if wanted and not options.disable_approximations else 1


def device_name(device: torch.device) -> str:
    """The device for the log, e.g. `cuda (NVIDIA L4, 22 GiB)`."""
    if device.type != "cuda":
        return str(device)
    properties = torch.cuda.get_device_properties(device)
    return f"{device} ({properties.name}, {properties.total_memory / 2**30:.0f} GiB)"


def precision_name(dtype: torch.dtype) -> str:
    """The setting for a data type, e.g. `fp16`."""
    return next(name for name, candidate in _DTYPES.items() if candidate == dtype)
