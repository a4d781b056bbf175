"""Runs a recipe's passes over loaded models: the first pass, hires. fix, and face restoration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch.nn import functional

from studio.engine.diffusion.callbacks import ProgressTracker, RenderCallbacks
from studio.engine.diffusion.device_streams import make_device_streams
from studio.engine.diffusion.latent_preview import LatentPreviewer
from studio.engine.diffusion.pass_plan import PassPlan, PassSteps, Size
from studio.engine.diffusion.pipeline import (
    ActiveControlUnit,
    DenoisePass,
    build_pipeline,
    count_evaluations,
    run_pass,
)
from studio.engine.diffusion.vae_codec import VaeCodec
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.graphs.graph_context import GraphContext
from studio.engine.references.attention import references_of_crops
from studio.imaging.face_regions import Box, pad_box, paste_face
from studio.recipes.generation.job import RenderJob

ControlUnitsForSize = Callable[[Size], Sequence[ActiveControlUnit]]
"""The ControlNet units with their control maps at a size."""


@dataclass(frozen=True)
class PassInputs:
    """The images that a batch's passes work on."""

    init_images: Sequence[Image.Image]
    """One for each job, RGB, of the first pass's size."""

    units_for_size: ControlUnitsForSize
    """The units with their control maps at a pass's size."""

    masks: Sequence[Image.Image] = ()
    """What may change, one for each job at the output size; empty: everything."""


@dataclass(frozen=True)
class Denoiser:
    """Denoises with the models, prompts and listeners of one batch."""

    base_model: LoadedBaseModel
    """With the recipe's LoRAs."""

    jobs: Sequence[RenderJob]
    """The batch; the first job's recipe is the recipe of all."""

    embeddings: PromptEmbeddings
    """The prompts of all jobs, in their order."""

    progress: ProgressTracker
    graph_context: GraphContext
    """The recorded steps of the models in use."""

    def run(self, denoise_pass: DenoisePass) -> torch.Tensor:
        """Scaled latents, (jobs, channels, height/8, width/8). Raises what `run_pass` raises."""
        return run_pass(
            self.base_model,
            self.jobs,
            denoise_pass,
            self.embeddings,
            self.progress,
            self.graph_context,
        )


def track_progress(
    base_model: LoadedBaseModel, job: RenderJob, plan: PassPlan, callbacks: RenderCallbacks
) -> ProgressTracker:
    """Counts the denoiser's evaluations in all passes of a plan: what is reported as steps."""
    pipe = build_pipeline(base_model, job)
    total = sum(count_evaluations(pipe, of.steps, of.denoising_strength) for of in plan.passes)
    return ProgressTracker(callbacks, total, make_device_streams(base_model.vae.device))


class PassRunner:
    """Renders one job, or several at once that `planning.group_into_batches` puts together.

    Only the first pass is batched: `planning.group_into_batches` puts no jobs together that have
    later passes.
    """

    def __init__(
        self, plan: PassPlan, inputs: PassInputs, vae: VaeCodec, denoiser: Denoiser
    ) -> None:
        self._plan, self._inputs, self._vae, self._denoiser = plan, inputs, vae, denoiser
        self._recipe = denoiser.jobs[0].recipe

    def run(self) -> list[Image.Image]:
        """Runs all passes of the plan over each job's image; one image for each job, before the base image
        is put back.

        Raises what `run_pass` raises, and NonFiniteLatentsError when the VAE overflows in fp32.
        """
        init_images = self._inputs.init_images
        if self._plan.first.is_empty:
            return [self._run_later_passes(init_image, None) for init_image in init_images]
        units = self._inputs.units_for_size(init_images[0].size)
        encoded = [self._vae.encode(init_image) for init_image in init_images]
        latents = self._denoise(encoded, init_images, units, self._plan.first, self._inputs.masks)
        return [
            self._run_later_passes(self._vae.decode(job_latents), job_latents)
            for job_latents in torch.split(latents, 1)
        ]

    def _run_later_passes(self, image: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """Hires. fix and face restoration of one job.

        `latents` are the first pass's, (1, channels, height/8, width/8); None if it had no steps.
        """
        if self._plan.hires is not None:
            image = self._hires_pass(image, latents, self._plan.hires)
        for box in self._plan.faces:
            image = self._face_pass(image, box)
        return image

    def _denoise(
        self,
        init_latents: Sequence[torch.Tensor],
        init_images: Sequence[Image.Image],
        units: Sequence[ActiveControlUnit],
        steps: PassSteps,
        masks: Sequence[Image.Image],
    ) -> torch.Tensor:
        """Each job's (1, channels, height/8, width/8) to (jobs, channels, height/8, width/8), both
        scaled."""
        previewers = list(map(LatentPreviewer, init_latents, init_images))
        return self._denoiser.run(
            DenoisePass(
                torch.cat(list(init_latents)),
                previewers,
                units,
                steps.steps,
                steps.denoising_strength,
                masks,
            )
        )

    def _hires_pass(
        self, image: Image.Image, latents: torch.Tensor | None, steps: PassSteps
    ) -> Image.Image:
        """The second pass at the output size, over the enlarged latents or image.

        `latents` are the first pass's, (1, channels, height/8, width/8), if it had steps.
        """
        size = self._plan.output_size
        enlarged = image.resize(size, Image.Resampling.LANCZOS)
        if self._recipe.upscale.upscaler == "Lanczos":
            latents = self._vae.encode(enlarged)
        else:
            latents = self._vae.encode(image) if latents is None else latents
            scale = latents.shape[2] / image.height
            shape = (round(size[1] * scale), round(size[0] * scale))
            latents = functional.interpolate(latents, size=shape, mode="bilinear", antialias=True)
        if steps.is_empty:
            return enlarged
        units = self._inputs.units_for_size(size)
        latents = self._denoise([latents], [enlarged], units, steps, self._inputs.masks)
        return self._vae.decode(latents)

    def _face_pass(self, image: Image.Image, box: Box) -> Image.Image:
        """Renders one face enlarged, without what is of the whole image: control maps, and references for
        its composition or garment."""
        settings = self._recipe.face_repair
        crop_box = pad_box(box, settings.padding, image.size)
        render_size = (settings.render_size, settings.render_size)
        face = image.crop(crop_box).resize(render_size, Image.Resampling.LANCZOS)
        with references_of_crops(self._denoiser.base_model.denoiser):
            latents = self._denoise([self._vae.encode(face)], [face], (), self._plan.face, ())
        return paste_face(image, self._vae.decode(latents), crop_box, box, settings.mask_blur)
