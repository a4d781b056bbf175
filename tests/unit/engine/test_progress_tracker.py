"""Steps, previews and the end of a render, on a device that finishes its work later."""

from dataclasses import dataclass, field

import pytest
import torch
from PIL import Image

from studio.engine.diffusion.callbacks import ProgressTracker, RenderCallbacks
from studio.engine.diffusion.device_streams import HostCopy
from studio.engine.diffusion.latent_preview import LatentPreviewer
from studio.engine.results import RenderListener
from studio.errors import JobCancelledError, JobTimeoutError

LATENTS = torch.zeros(2, 4, 8, 8)


@dataclass
class LaterCopy:
    tensor: torch.Tensor
    """Of any shape."""
    is_done: bool = False


@dataclass
class LateStreams:
    """A device whose copies arrive when the test says so."""

    steps: int = 0
    copies: list[LaterCopy] = field(default_factory=list)

    def after_step(self) -> None:
        self.steps += 1

    def copy_to_host(self, tensor: torch.Tensor) -> HostCopy:
        """Any shape."""
        self.copies.append(LaterCopy(tensor))
        return self.copies[-1]


class Render:
    """Two jobs' progress, with a clock and streams that the test drives."""

    def __init__(self, *listeners: RenderListener, deadline: float | None = None) -> None:
        self.now, self.streams = 0.0, LateStreams()
        slots = tuple(zip("AB", listeners, strict=True))
        callbacks = RenderCallbacks(slots, deadline, lambda: self.now)
        self.tracker = ProgressTracker(callbacks, 10, self.streams)
        previewer = LatentPreviewer(torch.zeros(1, 4, 8, 8), Image.new("RGB", (64, 64)))
        self.previewers = [previewer] * 2

    def step(self, seconds: float = 0.1) -> None:
        self.now += seconds
        self.tracker.on_step(LATENTS, self.previewers)


def test_without_listeners_nothing_is_copied() -> None:
    render = Render(RenderListener(), RenderListener(on_preview=print, wants_preview=lambda: False))
    for _ in range(10):
        render.step()
    assert render.streams.copies == []
    assert render.streams.steps == 10


def test_preview_is_shown_when_it_has_arrived_and_at_most_every_300_ms() -> None:
    shown: list[float] = []
    listener = RenderListener(on_preview=lambda image: shown.append(render.now))
    render = Render(RenderListener(), listener)
    render.step()
    assert (len(render.streams.copies), shown) == (1, [])
    render.streams.copies[0].is_done = True
    render.step()
    assert shown == [pytest.approx(0.2)]
    render.step()
    assert len(render.streams.copies) == 1
    render.step()
    assert len(render.streams.copies) == 2
    # No further copy is begun while one is on its way.
    render.step(1.0)
    assert (len(render.streams.copies), len(shown)) == (2, 1)


def test_last_step_shows_no_preview() -> None:
    shown: list[Image.Image] = []
    render = Render(RenderListener(), RenderListener(on_preview=shown.append))
    for _ in range(9):
        render.step()
    render.streams.copies[0].is_done = True
    render.step()
    assert shown == []


def test_overflowed_latents_make_a_black_preview() -> None:
    shown: list[Image.Image] = []
    render = Render(RenderListener(), RenderListener(on_preview=shown.append))
    render.tracker.on_step(LATENTS * float("nan"), render.previewers)
    render.streams.copies[0].is_done = True
    render.step()
    assert shown[0].getextrema() == ((0, 0),) * 3


def test_render_ends_when_every_job_is_cancelled_or_time_is_up() -> None:
    cancelled: set[str] = set()
    render = Render(
        RenderListener(should_cancel=lambda: "A" in cancelled),
        RenderListener(should_cancel=lambda: "B" in cancelled),
        deadline=5.0,
    )
    cancelled.add("A")
    render.step()
    cancelled.add("B")
    with pytest.raises(JobCancelledError):
        render.step()
    cancelled.clear()
    with pytest.raises(JobTimeoutError, match="at step 2 of 10"):
        render.step(6.0)
