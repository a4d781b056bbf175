"""What records a function's device work and replays it: the interface of CUDA graphs."""

from collections.abc import Callable, Mapping
from typing import Protocol

import torch

Tensors = Mapping[str, torch.Tensor]
"""A function's inputs by name, of any shape. Everything else that it reads must never change."""

TensorFunction = Callable[[Tensors], tuple[torch.Tensor, ...]]
"""Computes tensors of any shape from its inputs alone; called in Python only while it is recorded."""


class CaptureError(Exception):
    """The function cannot be recorded, e.g. because it waits for the device. Its text is the reason."""

    def __init__(self, reason: str, out_of_memory: bool = False) -> None:
        """`out_of_memory`: the device had too little memory; later it may have enough."""
        super().__init__(reason)
        self.out_of_memory = out_of_memory


class CapturedGraph(Protocol):
    """The recorded device work of one function for inputs of fixed shapes."""

    @property
    def nbytes(self) -> int:
        """Device memory that it holds: inputs, outputs and everything in between."""
        ...

    def replay(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """The function's outputs for inputs of the same names, shapes (any) and types."""
        ...


class GraphBackend(Protocol):
    """Records functions on one device."""

    def capture(self, func: TensorFunction, inputs: Tensors) -> CapturedGraph:
        """Records `func`; `inputs` (any shape) are examples.

        Raises CaptureError when it cannot be recorded.
        """
        ...
