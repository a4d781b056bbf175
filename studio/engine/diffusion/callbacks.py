"""What a render reports to and what may end it: listeners, cancellation, deadline."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from studio.engine.diffusion.device_streams import DeviceStreams, HostCopy, SynchronousStreams
from studio.engine.diffusion.latent_preview import LatentPreviewer
from studio.engine.results import RenderListener
from studio.errors import JobCancelledError, JobTimeoutError

PREVIEW_INTERVAL_SECONDS = 0.3
"""At most one preview of a job in this time."""

StepCallback = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]
"""diffusers' `callback_on_step_end`: pipeline, step index, timestep, tensors by name; returns the
tensors to go on with."""


def chain_callbacks(*callbacks: StepCallback) -> StepCallback:
    """One step callback that calls several in turn, each with the tensors of the one before."""

    def on_step_end(
        pipe: Any, step_index: int, timestep: Any, callback_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        for callback in callbacks:
            callback_kwargs = callback(pipe, step_index, timestep, callback_kwargs)
        return callback_kwargs

    return on_step_end


@dataclass(frozen=True)
class RenderCallbacks:
    """The listeners of a batch's jobs, and its deadline."""

    listeners: Sequence[tuple[str, RenderListener]]
    """With each job's slot, in the order of the jobs."""

    deadline: float | None = None
    """In seconds of `clock`; None: no timeout."""

    clock: Callable[[], float] = time.monotonic

    def on_loading(self, model: str) -> None:
        """Tells every listener that the model of this name must be loaded first."""
        for _, listener in self.listeners:
            listener.on_loading(model)


class _PendingPreview(NamedTuple):
    """Latents on their way to the host, (jobs, channels, height/8, width/8)."""

    copy: HostCopy
    previewers: Sequence[LatentPreviewer]


class ProgressTracker:
    """Counts the denoising steps of all passes, reports them, and ends a render that must stop.

    It never waits for the device but by `DeviceStreams.after_step`.
    """

    def __init__(
        self, callbacks: RenderCallbacks, total_steps: int, streams: DeviceStreams | None = None
    ) -> None:
        """`streams` are the device's; None: of one that has done a step when the call returns."""
        self._callbacks, self._total_steps, self._steps_done = callbacks, total_steps, 0
        self._streams = streams or SynchronousStreams()
        self._last_preview: float | None = None
        self._pending: _PendingPreview | None = None

    def step_callback(self, previewers: Sequence[LatentPreviewer]) -> StepCallback:
        """The step callback of one pass; it needs `latents` among its tensors.

        `previewers` are the jobs', in the order of the listeners.
        """

        def on_step_end(
            _pipe: Any, _step_index: int, _timestep: Any, callback_kwargs: dict[str, Any]
        ) -> dict[str, Any]:
            self.on_step(callback_kwargs["latents"], previewers)
            return callback_kwargs

        return on_step_end

    def on_step(self, latents: torch.Tensor, previewers: Sequence[LatentPreviewer]) -> None:
        """Called after each step with (batch, channels, height/8, width/8), one for each listener.

        Raises JobCancelledError or JobTimeoutError when the render must stop.
        """
        self._streams.after_step()
        self._raise_if_stopped()
        self._steps_done += 1
        for _, listener in self._callbacks.listeners:
            listener.on_step(self._steps_done, self._total_steps)
        if self._steps_done == self._total_steps:
            self._pending = None
            return
        if self._pending is None and self._is_preview_due():
            self._last_preview = self._callbacks.clock()
            self._pending = _PendingPreview(self._streams.copy_to_host(latents), previewers)
        self._deliver_preview()

    def _is_preview_due(self) -> bool:
        """Whether somebody listens, and the last preview is long enough ago."""
        if not any(listener.wants_preview() for listener in self._preview_listeners()):
            return False
        last = self._last_preview
        return last is None or self._callbacks.clock() - last >= PREVIEW_INTERVAL_SECONDS

    def _preview_listeners(self) -> list[RenderListener]:
        return [one for _, one in self._callbacks.listeners if one.on_preview is not None]

    def _deliver_preview(self) -> None:
        """Hands over the preview that has arrived on the host, if any."""
        if self._pending is None or not self._pending.copy.is_done:
            return
        (copy, previewers), self._pending = self._pending, None
        per_job = zip(
            self._callbacks.listeners, torch.split(copy.tensor, 1), previewers, strict=True
        )
        for (_, listener), job_latents, previewer in per_job:
            if listener.on_preview is not None and listener.wants_preview():
                listener.on_preview(previewer.to_image(job_latents))

    def _raise_if_stopped(self) -> None:
        callbacks = self._callbacks
        slots = [slot for slot, _ in callbacks.listeners]
        if all(listener.should_cancel() for _, listener in callbacks.listeners):
            raise JobCancelledError("request.variants_stopped", slots=slots)
        if callbacks.deadline is not None and callbacks.clock() > callbacks.deadline:
            raise JobTimeoutError(
                "engine.job_too_long",
                slots=slots,
                step=self._steps_done + 1,
                total=self._total_steps,
            )
