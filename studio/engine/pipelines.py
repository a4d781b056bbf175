"""A throw-away diffusers pipeline per pass over shared modules, and one run of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import ControlNetModel, DiffusionPipeline
from PIL import Image

from studio.engine.controlnets import UnitStack
from studio.engine.deepcache import deep_cache
from studio.engine.dialect import BaseModel, Embeddings
from studio.engine.latents import BrokenLatents, map_to_tensor
from studio.engine.preview import LatentColours
from studio.engine.rendered import Watch
from studio.engine.schedulers import build_scheduler
from studio.errors import Cancelled, DeadlinePassed
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job


@dataclass(frozen=True)
class Unit:
    """A ControlNet unit ready to be plugged in: what it is set to, its net, and what it sees."""

    settings: ControlUnit
    net: ControlNetModel
    picture: Image.Image


@dataclass(frozen=True)
class Hooks:
    """Where jobs that are drawn together report to, by letter and in their order, and what may
    end them; `deadline` by `clock`."""

    watches: Sequence[tuple[str, Watch]]
    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic

    def loading(self, model: str) -> None:
        for _, watch in self.watches:
            watch.on_loading(model)


@dataclass(frozen=True)
class Pass:
    """One way through the denoiser: from where, with which units, how far."""

    start: torch.Tensor
    colours: LatentColours
    units: Sequence[Unit]
    steps: int
    strength: float


def steps_run(steps: int, strength: float) -> int:
    """How many steps of the sampler an image-to-image pass has."""
    return int(steps * strength)


def timesteps_run(pipe: DiffusionPipeline, steps: int, strength: float) -> int:
    """How often the pipeline asks its denoiser in a pass, by its own arithmetic and its scheduler's.

    A second-order sampler asks twice a step but for the last, PLMS once more for its first.
    """
    if not steps_run(steps, strength):
        return 0
    shifted = {"mu": 1.0} if pipe.scheduler.config.get("use_dynamic_shifting") else {}
    pipe.scheduler.set_timesteps(steps, device="cpu", **shifted)
    return len(pipe.get_timesteps(steps, strength, "cpu")[0])


class Progress:
    """The jobs' steps over all of their passes, as the denoiser takes them."""

    def __init__(self, hooks: Hooks, total: int) -> None:
        self._hooks, self._total, self._done = hooks, total, 0

    def stepped(self, latents: torch.Tensor, colours: LatentColours) -> None:
        """Raises Cancelled or DeadlinePassed when it is to stop, BrokenLatents when there is
        nothing left."""
        hooks = self._hooks
        letters = [letter for letter, _ in hooks.watches]
        if any(watch.is_cancelled() for _, watch in hooks.watches):
            raise Cancelled("request.variants_stopped", slots=letters)
        if hooks.deadline is not None and hooks.clock() > hooks.deadline:
            raise DeadlinePassed(
                "engine.job_too_long", slots=letters, step=self._done + 1, total=self._total
            )
        if not torch.isfinite(latents).all():
            raise BrokenLatents
        self._done += 1
        for (_, watch), its_own in zip(hooks.watches, torch.split(latents, 1), strict=True):
            watch.on_step(self._done, self._total)
            if self._done < self._total:
                watch.on_preview(colours.picture(its_own))


def run(
    parts: BaseModel,
    jobs: Sequence[Job],
    a_pass: Pass,
    embeddings: Embeddings,
    progress: Progress,
) -> torch.Tensor:
    """The pass's latents, scaled as its start is, one for each of the jobs. They differ in
    nothing but prompts and seed."""
    job = jobs[0]
    pipe = pipeline(parts, job, a_pass.units, len(jobs))
    with deep_cache(pipe, job.recipe.deep_cache, job.recipe.base_model.name) as restart:
        guidance = _Guidance(pipe, parts.dialect.halved, job, a_pass, progress, restart)
        result = pipe(
            image=a_pass.start.expand(len(jobs), -1, -1, -1),
            strength=a_pass.strength,
            num_inference_steps=a_pass.steps,
            guidance_scale=job.recipe.guidance_scale,
            # Noise is drawn on the CPU, so a seed means the same on every device.
            generator=[torch.Generator("cpu").manual_seed(each.seed) for each in jobs],
            callback_on_step_end=guidance.ended,
            callback_on_step_end_tensor_inputs=["latents", *guidance.halved],
            output_type="latent",
            **embeddings.tensors,
            **_control(a_pass.units, a_pass.start),
        )
    latents: torch.Tensor = result.images
    return latents


def pipeline(
    parts: BaseModel, job: Job, units: Sequence[Unit] = (), pictures: int = 1
) -> DiffusionPipeline:
    """A pipeline for this pass alone; making one costs under a millisecond and loads nothing."""
    recipe, dialect = job.recipe, parts.dialect
    scheduler = build_scheduler(parts.scheduler, recipe.sampler, recipe.schedule_type, dialect.flow)
    shared = {**parts.components, **dialect.extras, "scheduler": scheduler}
    if units and dialect.controlled is not None:
        stack = UnitStack([u.net for u in units], [u.settings.mode for u in units], pictures)
        pipe = dialect.controlled(**shared, controlnet=stack)
    else:
        pipe = dialect.plain(**shared)
    pipe.set_progress_bar_config(disable=True)
    return pipe


class _Guidance:
    """Ends guidance where the recipe says: the prompt's half alone from there on.

    It ends between two steps of the sampler, never inside one: a second-order sampler adds up two
    answers of the denoiser. `on_halved` is called then.
    """

    def __init__(
        self,
        pipe: DiffusionPipeline,
        halved: Sequence[str],
        job: Job,
        a_pass: Pass,
        progress: Progress,
        on_halved: Callable[[], None],
    ) -> None:
        self._colours, self._progress, self._on_halved = a_pass.colours, progress, on_halved
        total = timesteps_run(pipe, a_pass.steps, a_pass.strength)
        self._until = job.recipe.guidance_end * total
        self._order = pipe.scheduler.order
        self.halved = [*halved, *(["control_image"] if a_pass.units and halved else [])]

    def ended(self, pipe: Any, index: int, _: object, values: dict[str, Any]) -> dict[str, Any]:
        self._progress.stepped(values["latents"], self._colours)
        asked = index + 1
        between = asked % self._order == 0
        if between and asked >= self._until and pipe.do_classifier_free_guidance:
            # A pipeline that cannot halve what it was told keeps both halves and hears one.
            pipe._guidance_scale = 1.0 if self.halved else 1.0 + 1e-6
            for name in self.halved:
                values[name] = _prompted_half(values[name])
            self._on_halved()
        return values


def _prompted_half(doubled: torch.Tensor | list[torch.Tensor]) -> torch.Tensor | list[torch.Tensor]:
    if isinstance(doubled, list):
        return [each.chunk(2)[-1] for each in doubled]
    return doubled.chunk(2)[-1]


def _control(units: Sequence[Unit], like: torch.Tensor) -> dict[str, Any]:
    if not units:
        return {}
    return {
        "control_image": [map_to_tensor(u.picture, like.device, like.dtype) for u in units],
        "controlnet_conditioning_scale": [u.settings.weight for u in units],
        "control_guidance_start": [u.settings.start for u in units],
        "control_guidance_end": [u.settings.end for u in units],
    }
