"""Where training runs, in which precision, and how much of it one step takes."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Runtime:
    """A device and its habits.

    On CUDA weights are bfloat16 beside float32 copies that the optimizer updates; on a CPU they
    are float32 under bfloat16 autocast. `scale` shrinks batches and data, for tests.
    """

    device: torch.device
    scale: float = 1.0

    @property
    def cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of latents, embeddings and (on CUDA) weights."""
        return torch.bfloat16 if self.cuda else torch.float32

    def autocast(self) -> AbstractContextManager[object]:
        return nullcontext() if self.cuda else torch.autocast("cpu", torch.bfloat16)

    def batch(self, on_cuda: int, on_cpu: int) -> int:
        """Examples a step takes, at least 4."""
        return max(4, round((on_cuda if self.cuda else on_cpu) * self.scale))

    def place(self, module: M) -> M:
        """`module` on the device, in the dtype it is trained in."""
        return module.to(device=self.device, dtype=self.dtype)

    @property
    def samples(self) -> int:
        """Images a row of a sample sheet has."""
        return 8 if self.scale >= 1 else 2

    @property
    def sample_steps(self) -> int:
        return 20 if self.scale >= 1 else 3


def new_runtime(device: str = "auto", scale: float = 1.0) -> Runtime:
    """Raises ValueError for a name that is none of DEVICES."""
    if device not in DEVICES:
        raise ValueError(f"device {device!r} is none of {', '.join(DEVICES)}")
    name = device
    if device == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    # cuDNN's search for the quickest convolutions took half a minute for the ControlNets alone.
    torch.backends.cudnn.benchmark = False
    return Runtime(torch.device(name), scale)
