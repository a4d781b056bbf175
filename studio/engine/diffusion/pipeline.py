"""A throw-away diffusers pipeline per pass over shared modules, and one run of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import ControlNetModel, DiffusionPipeline
from PIL import Image

from studio.engine.control.multi_controlnet import WeightedMultiControlNet
from studio.engine.diffusion.deepcache import deep_cache
from studio.engine.diffusion.latent_preview import LatentRgbProjection
from studio.engine.diffusion.latents import NonFiniteLatentsError, image_to_tensor
from studio.engine.diffusion.schedulers import build_scheduler
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.results import RenderListener
from studio.errors import JobCancelledError, JobTimeoutError
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit


@dataclass(frozen=True)
class ActiveControlUnit:
    """A ControlNet unit ready to be plugged in: what it is set to, its net, and what it sees."""

    settings: ControlUnit
    controlnet: ControlNetModel
    control_map: Image.Image


@dataclass(frozen=True)
class RenderCallbacks:
    """Where jobs that are drawn together report to, by letter and in their order, and what may
    end them; `deadline` by `clock`."""

    listeners: Sequence[tuple[str, RenderListener]]
    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic

    def on_loading(self, model: str) -> None:
        for _, watch in self.listeners:
            watch.on_loading(model)


@dataclass(frozen=True)
class DenoisePass:
    """One way through the denoiser: from where, with which units, how far."""

    init_latents: torch.Tensor
    previewer: LatentRgbProjection
    units: Sequence[ActiveControlUnit]
    steps: int
    strength: float


def effective_steps(steps: int, strength: float) -> int:
    """How many steps of the sampler an image-to-image pass has."""
    return int(steps * strength)


def timesteps_run(pipe: DiffusionPipeline, steps: int, strength: float) -> int:
    """How often the pipeline asks its denoiser in a pass, by its own arithmetic and its scheduler's.

    A second-order sampler asks twice a step but for the last, PLMS once more for its first.
    """
    if not effective_steps(steps, strength):
        return 0
    shifted = {"mu": 1.0} if pipe.scheduler.config.get("use_dynamic_shifting") else {}
    pipe.scheduler.set_timesteps(steps, device="cpu", **shifted)
    return len(pipe.get_timesteps(steps, strength, "cpu")[0])


class ProgressTracker:
    """The jobs' steps over all of their passes, as the denoiser takes them."""

    def __init__(self, hooks: RenderCallbacks, total: int) -> None:
        self._hooks, self._total, self._done = hooks, total, 0

    def on_step(self, latents: torch.Tensor, colors: LatentRgbProjection) -> None:
        """Raises Cancelled or DeadlinePassed when it is to stop, BrokenLatents when there is
        nothing left."""
        hooks = self._hooks
        slots = [slot for slot, _ in hooks.listeners]
        if any(watch.should_cancel() for _, watch in hooks.listeners):
            raise JobCancelledError("request.variants_stopped", slots=slots)
        if hooks.deadline is not None and hooks.clock() > hooks.deadline:
            raise JobTimeoutError(
                "engine.job_too_long", slots=slots, step=self._done + 1, total=self._total
            )
        if not torch.isfinite(latents).all():
            raise NonFiniteLatentsError
        self._done += 1
        for (_, watch), its_own in zip(hooks.listeners, torch.split(latents, 1), strict=True):
            watch.on_step(self._done, self._total)
            if self._done < self._total:
                watch.on_preview(colors.to_image(its_own))


def run_pass(
    parts: LoadedBaseModel,
    jobs: Sequence[RenderJob],
    a_pass: DenoisePass,
    embeddings: PromptEmbeddings,
    progress: ProgressTracker,
) -> torch.Tensor:
    """The pass's latents, scaled as its start is, one for each of the jobs. They differ in
    nothing but prompts and seed."""
    job = jobs[0]
    pipe = build_pipeline(parts, job, a_pass.units, len(jobs))
    with deep_cache(pipe, job.recipe.deepcache_interval, job.recipe.base_model.name) as restart:
        guidance = GuidanceCutoff(
            pipe, parts.dialect.cfg_batched_tensors, job, a_pass, progress, restart
        )
        result = pipe(
            image=a_pass.init_latents.expand(len(jobs), -1, -1, -1),
            strength=a_pass.strength,
            num_inference_steps=a_pass.steps,
            guidance_scale=job.recipe.guidance_scale,
            # Noise is drawn on the CPU, so a seed means the same on every device.
            generator=[torch.Generator("cpu").manual_seed(each.seed) for each in jobs],
            callback_on_step_end=guidance.on_step_end,
            callback_on_step_end_tensor_inputs=["latents", *guidance.halved],
            output_type="latent",
            **embeddings.tensors,
            **_controlnet_kwargs(a_pass.units, a_pass.init_latents),
        )
    latents: torch.Tensor = result.images
    return latents


def build_pipeline(
    parts: LoadedBaseModel, job: RenderJob, units: Sequence[ActiveControlUnit] = (), images: int = 1
) -> DiffusionPipeline:
    """A pipeline for this pass alone; making one costs under a millisecond and loads nothing."""
    recipe, dialect = job.recipe, parts.dialect
    scheduler = build_scheduler(
        parts.scheduler, recipe.sampler, recipe.schedule_type, dialect.is_flow_matching
    )
    shared = {**parts.components, **dialect.pipeline_kwargs, "scheduler": scheduler}
    if units and dialect.controlnet_pipeline is not None:
        stack = WeightedMultiControlNet(
            [u.controlnet for u in units], [u.settings.mode for u in units], images
        )
        pipe = dialect.controlnet_pipeline(**shared, controlnet=stack)
    else:
        pipe = dialect.img2img_pipeline(**shared)
    pipe.set_progress_bar_config(disable=True)
    return pipe


class GuidanceCutoff:
    """Ends guidance where the recipe says: the prompt's half alone from there on.

    It ends between two steps of the sampler, never inside one: a second-order sampler adds up two
    answers of the denoiser. `on_halved` is called then.
    """

    def __init__(
        self,
        pipe: DiffusionPipeline,
        halved: Sequence[str],
        job: RenderJob,
        a_pass: DenoisePass,
        progress: ProgressTracker,
        on_halved: Callable[[], None],
    ) -> None:
        self._previewer, self._progress, self._on_halved = a_pass.previewer, progress, on_halved
        total = timesteps_run(pipe, a_pass.steps, a_pass.strength)
        self._until = job.recipe.guidance_end_fraction * total
        self._order = pipe.scheduler.order
        self.halved = [*halved, *(["control_image"] if a_pass.units and halved else [])]

    def on_step_end(
        self, pipe: Any, index: int, _: object, values: dict[str, Any]
    ) -> dict[str, Any]:
        self._progress.on_step(values["latents"], self._previewer)
        asked = index + 1
        between = asked % self._order == 0
        if between and asked >= self._until and pipe.do_classifier_free_guidance:
            # A pipeline that cannot halve what it was told keeps both halves and hears one.
            pipe._guidance_scale = 1.0 if self.halved else 1.0 + 1e-6
            for name in self.halved:
                values[name] = _conditional_half(values[name])
            self._on_halved()
        return values


def _conditional_half(
    doubled: torch.Tensor | list[torch.Tensor],
) -> torch.Tensor | list[torch.Tensor]:
    if isinstance(doubled, list):
        return [each.chunk(2)[-1] for each in doubled]
    return doubled.chunk(2)[-1]


def _controlnet_kwargs(units: Sequence[ActiveControlUnit], like: torch.Tensor) -> dict[str, Any]:
    if not units:
        return {}
    return {
        "control_image": [image_to_tensor(u.control_map, like.device, like.dtype) for u in units],
        "controlnet_conditioning_scale": [u.settings.weight for u in units],
        "control_guidance_start": [u.settings.start for u in units],
        "control_guidance_end": [u.settings.end for u in units],
    }
