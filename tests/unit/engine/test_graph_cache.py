"""The cache of recorded functions: its budget, its keys, and what falls back."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

from studio.engine.graphs.backend import CaptureError, TensorFunction, Tensors
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.graphs.weights_fingerprint import WeightsFingerprint


@dataclass
class FakeGraph:
    func: TensorFunction
    nbytes: int

    def replay(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """Any shape."""
        return self.func(inputs)


@dataclass
class FakeBackend:
    nbytes: int = 4
    error: str | None = None
    out_of_memory: bool = False
    on_capture: Callable[[], None] = lambda: None
    captured: list[int] = field(default_factory=list)
    """Widths of the inputs."""

    def capture(self, func: TensorFunction, inputs: Tensors) -> FakeGraph:
        """Any shape."""
        self.captured.append(inputs["x"].shape[-1])
        if self.error:
            raise CaptureError(self.error, self.out_of_memory)
        self.on_capture()
        return FakeGraph(func, self.nbytes)


class Harness:
    """A cache of 8 bytes, and one function of tensors of some width."""

    def __init__(self) -> None:
        self.backend, self.net = FakeBackend(), nn.Linear(1, 1)
        self.graphs = GraphCache(self.backend, max_bytes=8)

    def run(self, *widths: int) -> list[int]:
        """The widths that had to be recorded."""
        self.backend.captured.clear()
        for width in widths:
            weights = WeightsFingerprint.of([self.net])
            inputs = {"x": torch.ones(width)}
            (output,) = self.graphs.run("double", weights, lambda i: (i["x"] * 2,), inputs)
            assert output.tolist() == [2.0] * width
        return list(self.backend.captured)


def test_least_recently_used_graphs_make_room() -> None:
    harness = Harness()
    assert harness.run(1, 2, 1) == [1, 2]
    assert harness.run(3) == [3]
    assert harness.run(1, 3) == []
    assert harness.run(2) == [2]
    assert harness.graphs.nbytes == 8


def test_graph_beyond_the_budget_is_not_kept_or_tried_again() -> None:
    harness = Harness()
    harness.run(1)
    harness.backend.nbytes = 9_000_000
    assert harness.run(2, 2, 1) == [2]
    assert [str(note) for note in harness.graphs.take_notes()] == [
        "Rendered without CUDA graphs (slower): 9 MB"
    ]
    assert harness.graphs.take_notes() == ()
    assert harness.graphs.fallbacks == 2


def test_graphs_of_weights_that_have_moved_go_first() -> None:
    harness = Harness()
    harness.run(1, 2)
    harness.net.weight.data = harness.net.weight.data.clone()
    assert harness.run(1) == [1]
    assert harness.graphs.nbytes == 4


def test_clearing_frees_everything_and_tries_failures_anew() -> None:
    harness = Harness()
    harness.backend.error = "out of memory"
    assert harness.run(1, 1) == [1]
    harness.graphs.clear()
    harness.backend.error = None
    assert harness.run(1, 1) == [1]
    harness.graphs.clear()
    assert harness.graphs.nbytes == 0


def test_recording_that_memory_was_too_short_for_is_tried_again_by_the_next_render() -> None:
    harness = Harness()
    harness.run(3)
    harness.backend.error, harness.backend.out_of_memory = "out of memory", True
    assert harness.run(1, 1) == [1]
    harness.graphs.start_render()
    assert harness.graphs.take_notes() == ()
    assert harness.run(1) == [1]
    harness.backend.error = None
    harness.graphs.start_render()
    assert harness.run(1, 1, 3) == [1]


def test_what_cannot_be_recorded_for_other_reasons_is_not_tried_again() -> None:
    harness = Harness()
    harness.backend.error = "operation not permitted"
    assert harness.run(1) == [1]
    harness.graphs.start_render()
    assert harness.run(1) == []


def test_device_lock_is_held_while_recording() -> None:
    harness, lock, held = Harness(), threading.Lock(), list[bool]()
    harness.backend.on_capture = lambda: held.append(lock.locked())
    harness.graphs = GraphCache(harness.backend, 8, lock)
    assert harness.run(1, 1) == [1]
    assert held == [True]
    assert not lock.locked()


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_another_type_is_another_graph(dtype: torch.dtype) -> None:
    harness = Harness()
    harness.run(1)
    weights = WeightsFingerprint.of([harness.net])
    harness.graphs.run("double", weights, lambda i: (i["x"],), {"x": torch.ones(1, dtype=dtype)})
    assert harness.graphs.captures == 2
