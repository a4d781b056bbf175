"""CUDA graphs: the kernels of a whole step are launched by one call instead of thousands."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from studio.engine.device_errors import is_device_lost, is_out_of_memory
from studio.engine.graphs.backend import CaptureError, TensorFunction, Tensors
from studio.errors import first_line

WARM_UP_RUNS = 2
"""Runs before the recording, in which libraries choose kernels and allocate their workspaces."""


@dataclass(frozen=True)
class CudaGraph:
    """A captured function with its inputs and outputs at fixed addresses."""

    graph: torch.cuda.CUDAGraph
    inputs: Tensors
    outputs: tuple[torch.Tensor, ...]
    """Of any shape."""
    nbytes: int

    def replay(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """Outputs of any shape, as copies: the next replay overwrites the graph's own."""
        with torch.cuda.device(self.outputs[0].device):
            for name, tensor in inputs.items():
                _copy(tensor, self.inputs[name])
            self.graph.replay()
            return tuple(output.clone() for output in self.outputs)


def _with_contexts(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it was raised while handling."""
    while error is not None:
        yield error
        error = error.__context__


def _copy(source: torch.Tensor, target: torch.Tensor) -> None:
    """Of any shape. A number on the host goes into the kernel's arguments, without a transfer."""
    if source.ndim == 0 and source.device.type == "cpu":
        target.fill_(source.item())
    else:
        target.copy_(source, non_blocking=True)


class CudaGraphBackend:
    """Captures on one CUDA device. Each graph has a memory pool of its own, freed with it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def capture(self, func: TensorFunction, inputs: Tensors) -> CudaGraph:
        """Inputs of any shape may be on the host; the graph's own are on the device, images and
        latents in channels_last.

        Raises CaptureError, and what `func` raises when it runs in the ordinary way.
        """
        with torch.cuda.device(self._device):
            return self._capture(func, inputs)

    def _capture(self, func: TensorFunction, inputs: Tensors) -> CudaGraph:
        """As `capture`, with the backend's device as the current one."""
        static = {name: self._static_input(tensor) for name, tensor in inputs.items()}
        current = torch.cuda.current_stream()
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_RUNS):
                func(static)
        current.wait_stream(stream)
        torch.cuda.empty_cache()
        reserved = torch.cuda.memory_reserved()
        graph = torch.cuda.CUDAGraph()
        try:
            # torch leaves the capture's stream current when a capture fails.
            with (
                torch.cuda.stream(current),
                # Other threads may allocate meanwhile: uploads, previews.
                torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"),
            ):
                outputs = func(static)
        except RuntimeError as error:
            if is_device_lost(error) and "captur" not in str(error).lower():
                raise
            # A capture that failed is ended by an error of its own, raised while handling the first.
            out_of_memory = any(map(is_out_of_memory, _with_contexts(error)))
            reason = first_line(error)
        else:
            nbytes = max(0, torch.cuda.memory_reserved() - reserved)
            return CudaGraph(graph, static, outputs, nbytes)
        # Outside of `except`: only here is the memory of the failed attempt free again.
        torch.cuda.empty_cache()
        raise CaptureError(reason, out_of_memory)

    def _static_input(self, tensor: torch.Tensor) -> torch.Tensor:
        """A copy on the device, of the same shape (any)."""
        is_image = tensor.ndim == 4
        memory_format = torch.channels_last if is_image else torch.preserve_format
        return tensor.to(self._device, copy=True, memory_format=memory_format)
