"""What a render reports to and what may end it: listeners, cancellation, deadline, NaN check."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from studio.engine.diffusion.latent_preview import LatentRgbProjection
from studio.engine.diffusion.latents import NonFiniteLatentsError
from studio.engine.results import RenderListener
from studio.errors import JobCancelledError, JobTimeoutError

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


class ProgressTracker:
    """Counts the denoising steps of all passes, reports them, and ends a render that must stop."""

    def __init__(self, callbacks: RenderCallbacks, total_steps: int) -> None:
        self._callbacks, self._total_steps, self._steps_done = callbacks, total_steps, 0

    def step_callback(self, previewer: LatentRgbProjection) -> StepCallback:
        """The step callback of one pass; it needs `latents` among its tensors."""

        def on_step_end(
            _pipe: Any, _step_index: int, _timestep: Any, callback_kwargs: dict[str, Any]
        ) -> dict[str, Any]:
            self.on_step(callback_kwargs["latents"], previewer)
            return callback_kwargs

        return on_step_end

    def on_step(self, latents: torch.Tensor, previewer: LatentRgbProjection) -> None:
        """Called after each step with (batch, channels, height/8, width/8), one for each listener.

        Raises JobCancelledError or JobTimeoutError when the render must stop, NonFiniteLatentsError
        when the latents contain NaN or infinity.
        """
        self._raise_if_stopped()
        if not torch.isfinite(latents).all():
            raise NonFiniteLatentsError
        self._steps_done += 1
        per_job = zip(self._callbacks.listeners, torch.split(latents, 1), strict=True)
        for (_, listener), job_latents in per_job:
            listener.on_step(self._steps_done, self._total_steps)
            is_last = self._steps_done == self._total_steps
            if not is_last and listener.on_preview is not None and listener.wants_preview():
                listener.on_preview(previewer.to_image(job_latents))

    def _raise_if_stopped(self) -> None:
        callbacks = self._callbacks
        slots = [slot for slot, _ in callbacks.listeners]
        if any(listener.should_cancel() for _, listener in callbacks.listeners):
            raise JobCancelledError("request.variants_stopped", slots=slots)
        if callbacks.deadline is not None and callbacks.clock() > callbacks.deadline:
            raise JobTimeoutError(
                "engine.job_too_long",
                slots=slots,
                step=self._steps_done + 1,
                total=self._total_steps,
            )
