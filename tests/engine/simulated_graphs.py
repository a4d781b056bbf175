"""Recorded steps without a graphics card: what CUDA graphs do, on the CPU.

The operations on tensors are recorded with the memory they read and write, and replayed on the same
memory. So it shows what a real graph would get wrong: a number baked into the recording, weights that
have moved, an output that the next replay overwrites, a wait for the device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from studio.engine.graphs.backend import CaptureError, TensorFunction, Tensors

READS_THE_DEVICE = ("aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero")


@dataclass(frozen=True)
class Operation:
    func: Any
    args: Sequence[Any]
    kwargs: dict[str, Any]
    output: Any


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Runs each operation and keeps it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func.name().startswith(READS_THE_DEVICE):
            raise CaptureError("operation not permitted when stream is capturing")
        output = func(*args, **(kwargs or {}))
        self.operations.append(Operation(func, args, kwargs or {}, output))
        return output


@dataclass(frozen=True)
class SimulatedGraph:
    backend: "SimulatedGraphBackend"
    operations: Sequence[Operation]
    inputs: Tensors
    outputs: tuple[torch.Tensor, ...]
    """Of any shape."""
    nbytes: int

    def replay(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """Inputs and outputs of any shape."""
        self.backend.replays += 1
        for name, tensor in inputs.items():
            self.inputs[name].copy_(tensor)
        for operation in self.operations:
            output = operation.func(*operation.args, **operation.kwargs)
            for kept, new in zip(tensors_in(operation.output), tensors_in(output), strict=True):
                # Views and operations in place have already written where they belong.
                if kept.data_ptr() != new.data_ptr():
                    kept.copy_(new)
        return tuple(output.clone() for output in self.outputs)


class SimulatedGraphBackend:
    """Counts captures and replays; `fail_with` makes every capture fail."""

    def __init__(self, nbytes: int = 1) -> None:
        """`nbytes` is what each graph claims to hold."""
        self.nbytes = nbytes
        self.fail_with: str | None = None
        self.captures = self.replays = 0

    def capture(self, func: TensorFunction, inputs: Tensors) -> SimulatedGraph:
        """Inputs of any shape."""
        self.captures += 1
        if self.fail_with is not None:
            raise CaptureError(self.fail_with)
        static = {name: tensor.clone() for name, tensor in inputs.items()}
        func(static)
        with Recorder() as recorder:
            outputs = func(static)
        return SimulatedGraph(self, recorder.operations, static, outputs, self.nbytes)


def tensors_in(output: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(output) if isinstance(leaf, torch.Tensor)]
