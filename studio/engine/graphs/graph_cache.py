"""Recorded functions by what they compute, the most recently used within a budget of bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from studio.engine.graphs.backend import (
    CapturedGraph,
    CaptureError,
    GraphBackend,
    TensorFunction,
    Tensors,
)
from studio.engine.graphs.weights_fingerprint import WeightsFingerprint
from studio.messages import Message, message

MAX_UNCAPTURABLE = 256
"""Functions remembered that cannot be recorded."""


@dataclass(frozen=True)
class _Key:
    func: Hashable
    weights: WeightsFingerprint
    inputs: Hashable


class GraphCache:
    """Runs functions by their graphs. Without a backend it calls them.

    Not thread-safe: one lane owns it; others may read its numbers.
    """

    def __init__(
        self,
        backend: GraphBackend | None,
        max_bytes: int,
        device_lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """`device_lock` is held while a function is recorded: whoever frees memory on the device
        meanwhile would wait for all its work, which ends the recording. None: nobody does."""
        self._backend, self._max_bytes = backend, max_bytes
        self._device_lock = device_lock or nullcontext()
        self._graphs: OrderedDict[_Key, CapturedGraph] = OrderedDict()
        self._uncapturable: OrderedDict[_Key, CaptureError] = OrderedDict()
        self.nbytes = 0
        """Device memory that the graphs hold."""
        self._notes: dict[str, Message] = {}
        self.captures = 0
        """Functions that were recorded."""
        self.hits = 0
        """Runs by a recording."""
        self.fallbacks = 0
        """Runs without one where it could not be made."""

    @property
    def is_enabled(self) -> bool:
        return self._backend is not None

    def run(
        self, func_key: Hashable, weights: WeightsFingerprint, func: TensorFunction, inputs: Tensors
    ) -> tuple[torch.Tensor, ...]:
        """What `func` computes from `inputs`, both tensors of any shape.

        Args:
            func_key: identity of `func`: everything besides weights and inputs that it depends on.
            weights: where the weights lie that it reads.
            func: recorded the first time; run as it is where it cannot be recorded.
            inputs: copied into the recording's own memory.
        """
        if self._backend is None:
            return func(inputs)
        key = _Key(func_key, weights, _signature(inputs))
        graph = self._graphs.get(key) or self._capture(self._backend, key, func, inputs)
        if graph is None:
            self.fallbacks += 1
            self.note_fallback(str(self._uncapturable[key]))
            return func(inputs)
        self._graphs.move_to_end(key)
        self.hits += 1
        return graph.replay(inputs)

    def _capture(
        self, backend: GraphBackend, key: _Key, func: TensorFunction, inputs: Tensors
    ) -> CapturedGraph | None:
        """The new graph; None when it cannot be recorded or exceeds the budget. Inputs of any shape."""
        if key in self._uncapturable:
            return None
        for stale in [known for known in self._graphs if not known.weights.is_current]:
            self._drop(stale)
        try:
            with self._device_lock:
                graph = backend.capture(func, inputs)
        except CaptureError as error:
            self._remember_uncapturable(key, error.with_traceback(None))
            return None
        if graph.nbytes > self._max_bytes:
            self._remember_uncapturable(key, CaptureError(f"{graph.nbytes / 1e6:,.0f} MB"))
            return None
        while self.nbytes + graph.nbytes > self._max_bytes:
            self._drop(next(iter(self._graphs)))
        self.captures += 1
        self._graphs[key] = graph
        self.nbytes += graph.nbytes
        return graph

    def _drop(self, key: _Key) -> None:
        self.nbytes -= self._graphs.pop(key).nbytes

    def _remember_uncapturable(self, key: _Key, error: CaptureError) -> None:
        self._uncapturable[key] = error
        while len(self._uncapturable) > MAX_UNCAPTURABLE:
            self._uncapturable.popitem(last=False)

    def start_render(self) -> None:
        """Drops old notes, and lets be tried anew what could not be recorded for lack of memory."""
        self._notes = {}
        for key in [key for key, error in self._uncapturable.items() if error.out_of_memory]:
            del self._uncapturable[key]

    def note_fallback(self, reason: str | Message) -> None:
        """Keeps a note, for the operator, that steps ran without a graph."""
        self._notes[str(reason)] = message("engine.without_graph", reason=reason)

    def take_notes(self) -> tuple[Message, ...]:
        """The notes since the last call."""
        notes, self._notes = tuple(self._notes.values()), {}
        return notes

    def clear(self) -> None:
        """Frees every graph, and tries anew what could not be recorded."""
        self._graphs.clear()
        self._uncapturable.clear()
        self.nbytes = 0


def _signature(inputs: Tensors) -> Hashable:
    """Names, shapes (any) and types of the inputs."""
    return tuple((name, tuple(t.shape), t.dtype) for name, t in sorted(inputs.items()))
