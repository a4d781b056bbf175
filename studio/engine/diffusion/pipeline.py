"""A throw-away diffusers pipeline for each denoising pass, built of shared components."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import ControlNetModel, DiffusionPipeline
from PIL import Image

from studio.engine.control.multi_controlnet import WeightedMultiControlNet
from studio.engine.diffusion.callbacks import ProgressTracker, StepCallback, chain_callbacks
from studio.engine.diffusion.guidance import (
    GuidanceCutoff,
    GuidanceScales,
    guidance_rescaled,
    guidance_scale_of,
)
from studio.engine.diffusion.latent_preview import LatentPreviewer
from studio.engine.diffusion.latents import NonFiniteLatentsError, image_to_tensor
from studio.engine.diffusion.masked_latents import MaskedLatents
from studio.engine.diffusion.pass_plan import effective_steps
from studio.engine.diffusion.schedulers import build_scheduler
from studio.engine.diffusion.step_graphs import step_functions
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.graphs.graph_context import GraphContext
from studio.engine.references.attention import plugged_references
from studio.errors import RenderError
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit


@dataclass(frozen=True)
class ActiveControlUnit:
    """A ControlNet unit that takes part in a pass."""

    settings: ControlUnit
    """The first job's; the others' differ in the weight at most."""
    controlnet: ControlNetModel
    control_maps: Sequence[Image.Image]
    """RGB, of the pass's size: one for all jobs, or one for each."""
    weights: Sequence[float]
    """One for each job; 0 for a job whose control map is empty."""


@dataclass(frozen=True)
class DenoisePass:
    """One image-to-image run of the denoiser."""

    init_latents: torch.Tensor
    """Scaled latents, (1 for all jobs or one for each, channels, height/8, width/8)."""

    previewers: Sequence[LatentPreviewer]
    """One for each job."""

    units: Sequence[ActiveControlUnit]

    steps: int
    """Steps of the sampler's whole schedule, of which a fraction is run."""

    denoising_strength: float
    """That fraction, 0 to 1."""

    masks: Sequence[Image.Image] = ()
    """What may change, one for each job (see `imaging.masks`); empty: everything."""


def count_evaluations(pipe: DiffusionPipeline, steps: int, denoising_strength: float) -> int:
    """How often the denoiser is evaluated in a pass, by the pipeline's and its scheduler's arithmetic.

    A second-order sampler evaluates it twice per step but for the last, PLMS once more in its first.
    """
    if not effective_steps(steps, denoising_strength):
        return 0
    shift = {"mu": 1.0} if pipe.scheduler.config.get("use_dynamic_shifting") else {}
    pipe.scheduler.set_timesteps(steps, device="cpu", **shift)
    timesteps, _ = pipe.get_timesteps(steps, denoising_strength, "cpu")
    return len(timesteps)


def run_pass(
    base_model: LoadedBaseModel,
    jobs: Sequence[RenderJob],
    denoise_pass: DenoisePass,
    embeddings: PromptEmbeddings,
    progress: ProgressTracker,
    graph_context: GraphContext,
) -> torch.Tensor:
    """Runs the pass for jobs that `planning.group_into_batches` puts together.

    Returns scaled latents, (jobs, channels, height/8, width/8). Raises what `ProgressTracker` raises,
    NonFiniteLatentsError when the latents contain NaN or infinity at the end, and RenderError when
    the guidance scales differ and the UNet takes one for all: such jobs must be rendered one by one.
    """
    recipe, init_latents = jobs[0].recipe, denoise_pass.init_latents
    references = plugged_references(base_model.denoiser)
    pipe = build_pipeline(base_model, jobs[0], denoise_pass.units)
    guidance_scale = guidance_scale_of([job.recipe.guidance_scale for job in jobs])
    if isinstance(guidance_scale, GuidanceScales) and _embeds_guidance_scale(pipe):
        raise RenderError("engine.guidance_scales_differ")
    with (
        step_functions(pipe, graph_context, recipe.deepcache_interval) as on_batch_halved,
        guidance_rescaled(pipe, base_model.denoiser, recipe.guidance_rescale),
    ):
        evaluations = count_evaluations(pipe, denoise_pass.steps, denoise_pass.denoising_strength)
        guided = recipe.guidance_end_fraction * evaluations
        tensors = _batched_tensors(base_model, denoise_pass)
        cutoff = GuidanceCutoff(pipe, tensors, guided, on_cutoff=on_batch_halved)
        init_latents = init_latents.expand(len(jobs), -1, -1, -1)
        callbacks: list[StepCallback] = [progress.step_callback(denoise_pass.previewers), cutoff]
        if denoise_pass.masks:
            seeds = [job.seed for job in jobs]
            callbacks.insert(0, MaskedLatents(init_latents, denoise_pass.masks, seeds, evaluations))
        reference_kwargs: dict[str, Any] = {}
        if references is not None:
            is_guided = guidance_scale > 1 and not _embeds_guidance_scale(pipe)
            image_embeds = references.start_pass(evaluations, is_guided)
            reference_kwargs["ip_adapter_image_embeds"] = image_embeds
            callbacks.append(references.on_step_end)
        output = pipe(
            image=init_latents,
            strength=denoise_pass.denoising_strength,
            num_inference_steps=denoise_pass.steps,
            guidance_scale=guidance_scale,
            # Noise comes from the CPU, so that a seed means the same on every device.
            generator=[torch.Generator("cpu").manual_seed(job.seed) for job in jobs],
            callback_on_step_end=chain_callbacks(*callbacks),
            callback_on_step_end_tensor_inputs=["latents", *cutoff.tensor_inputs],
            output_type="latent",
            **embeddings.tensors,
            **reference_kwargs,
            **_controlnet_kwargs(denoise_pass.units, init_latents),
        )
    latents: torch.Tensor = output.images
    # Once, at the end: on a graphics card each look waits for all steps so far.
    if not torch.isfinite(latents).all():
        raise NonFiniteLatentsError
    return latents


def build_pipeline(
    base_model: LoadedBaseModel,
    job: RenderJob,
    units: Sequence[ActiveControlUnit] = (),
) -> DiffusionPipeline:
    """A pipeline for one pass; building it takes under a millisecond and loads nothing."""
    recipe, family = job.recipe, base_model.family
    scheduler = build_scheduler(
        base_model.scheduler, recipe.sampler, recipe.schedule_type, family.is_flow_matching
    )
    components = {**base_model.components, **family.pipeline_kwargs, "scheduler": scheduler}
    if units and family.controlnet_pipeline is not None:
        controlnet = WeightedMultiControlNet(
            [unit.controlnet for unit in units],
            [unit.settings.mode for unit in units],
            [unit.weights for unit in units],
        )
        pipe = family.controlnet_pipeline(**components, controlnet=controlnet)
    else:
        pipe = family.img2img_pipeline(**components)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _embeds_guidance_scale(pipe: DiffusionPipeline) -> bool:
    """Whether the UNet is distilled (LCM): the scale is one of its inputs, one number for the batch."""
    return hasattr(pipe, "unet") and bool(getattr(pipe.unet.config, "time_cond_proj_dim", None))


def _batched_tensors(base_model: LoadedBaseModel, denoise_pass: DenoisePass) -> list[str]:
    """The names of what is halved when classifier-free guidance ends."""
    tensors = list(base_model.family.cfg_batched_tensors)
    return [*tensors, "control_image"] if tensors and denoise_pass.units else tensors


def _controlnet_kwargs(
    units: Sequence[ActiveControlUnit], init_latents: torch.Tensor
) -> dict[str, Any]:
    """The pipeline's ControlNet arguments, with control maps of (1 for all jobs or one for each, 3,
    height, width), 0 to 1.

    They get the device and type of `init_latents`, (any, channels, height/8, width/8). The scale only
    says whether a unit is on: `WeightedMultiControlNet` has the weights.
    """
    if not units:
        return {}
    device, dtype = init_latents.device, init_latents.dtype
    return {
        "control_image": [
            torch.cat([image_to_tensor(image, device, dtype) for image in unit.control_maps])
            for unit in units
        ],
        "controlnet_conditioning_scale": [1.0] * len(units),
        "control_guidance_start": [unit.settings.start for unit in units],
        "control_guidance_end": [unit.settings.end for unit in units],
    }
