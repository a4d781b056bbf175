"""Runs a recipe's passes over loaded models: the first pass, hires. fix, and face restoration."""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Protocol, TypeVar

import torch
from PIL import Image
from torch.nn import functional

from studio.engine.diffusion.callbacks import ProgressTracker, RenderCallbacks
from studio.engine.diffusion.device_streams import make_device_streams
from studio.engine.diffusion.latent_preview import LatentPreviewer
from studio.engine.diffusion.latents import VaeOverflows, decode_latents, encode_image
from studio.engine.diffusion.pipeline import (
    ActiveControlUnit,
    DenoisePass,
    build_pipeline,
    count_evaluations,
    effective_steps,
    run_pass,
)
from studio.engine.diffusion.step_graphs import GraphContext
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.memory.model_cache import ModelCache
from studio.engine.references.attention import references_of_crops
from studio.imaging.face_regions import Box, face_boxes, pad_box, paste_face
from studio.imaging.masks import covers_face, put_back
from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import Recipe

ResultT = TypeVar("ResultT")
Size = tuple[int, int]
"""Width and height in pixels."""
ControlUnitsForSize = Callable[[Size], Sequence[ActiveControlUnit]]
"""The ControlNet units with their control maps at a size."""


class VaeRunner(Protocol):
    """Calls a function that uses the VAE, and returns its result."""

    def __call__(self, func: Callable[[], ResultT], /) -> ResultT: ...


class PassRunner:
    """Renders one job, or several at once that `planning.group_into_batches` puts together.

    Only the first pass is batched: `planning.group_into_batches` puts no jobs together that have
    later passes.
    """

    def __init__(
        self,
        model_cache: ModelCache,
        base_model: LoadedBaseModel,
        vae_cache_key: Hashable,
        jobs: Sequence[RenderJob],
        units_for_size: ControlUnitsForSize,
        embeddings: PromptEmbeddings,
        callbacks: RenderCallbacks,
        vae_overflows: VaeOverflows,
        run_vae: VaeRunner,
        graph_context: GraphContext,
        masks: Sequence[Image.Image] = (),
        base_images: Sequence[Image.Image] = (),
    ) -> None:
        """Args:
        model_cache: caches the latents of encoded images.
        base_model: the loaded model, with the recipe's VAE and LoRAs.
        vae_cache_key: everything but the image that latents depend on.
        jobs: the batch; the first job's recipe is the recipe of all.
        units_for_size: the units with their control maps at a pass's size.
        embeddings: the prompts of all jobs, in their order.
        callbacks: the listeners of all jobs, in their order.
        vae_overflows: which VAEs decode in fp32 at once.
        run_vae: calls its argument, again with less memory when it runs out.
        graph_context: the recorded steps of the models in use.
        masks: what may change, one for each job at the output size; empty: everything.
        base_images: one for each job: what is put back outside the masks.
        """
        self._model_cache, self._base_model = model_cache, base_model
        self._vae_cache_key, self._run_vae = vae_cache_key, run_vae
        self._jobs, self._recipe = jobs, jobs[0].recipe
        self._units_for_size, self._embeddings = units_for_size, embeddings
        self._masks, self._base_images = masks, base_images
        self._faces = self._face_boxes()
        streams = make_device_streams(base_model.vae.device)
        self._progress = ProgressTracker(callbacks, self._total_evaluations(), streams)
        self._graph_context = graph_context
        self._vae_overflows, self._vae_overflowed = vae_overflows, False

    @property
    def notes(self) -> tuple[Message, ...]:
        """A note when the VAE overflowed in half precision, else none."""
        return (message("engine.vae_overflowed"),) if self._vae_overflowed else ()

    def run(self, init_images: Sequence[Image.Image]) -> list[Image.Image]:
        """Runs all passes of the recipe over each job's image; one image for each job.

        Raises what `run_pass` raises, and NonFiniteLatentsError when the VAE overflows in fp32.
        """
        images = self._run_passes(init_images)
        if not self._masks:
            return images
        return list(map(put_back, images, self._base_images, self._masks))

    def _run_passes(self, init_images: Sequence[Image.Image]) -> list[Image.Image]:
        """One image for each job, before the base image is put back."""
        recipe = self._recipe
        if not effective_steps(recipe.steps, recipe.denoising_strength):
            return [self._run_later_passes(init_image, None) for init_image in init_images]
        units = self._units_for_size(init_images[0].size)
        encoded = [self._encode(init_image) for init_image in init_images]
        latents = self._denoise(
            encoded, init_images, units, recipe.steps, recipe.denoising_strength, self._masks
        )
        return [
            self._run_later_passes(self._decode(job_latents), job_latents)
            for job_latents in torch.split(latents, 1)
        ]

    def _run_later_passes(self, image: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """Hires. fix and face restoration of one job.

        `latents` are the first pass's, (1, channels, height/8, width/8); None if it had no steps.
        """
        if self._recipe.upscale.enabled:
            image = self._hires_pass(image, latents)
        for box in self._faces:
            image = self._face_pass(image, box)
        return image

    def _encode(self, image: Image.Image) -> torch.Tensor:
        """The image's scaled latents, (1, channels, height/8, width/8), cached unless they were
        encoded in tiles, for lack of memory: those differ slightly."""
        key = (self._vae_cache_key, image.size, hashlib.sha256(image.tobytes()).hexdigest())
        encode: Callable[[], torch.Tensor] = partial(encode_image, self._base_model, image)
        vae = self._base_model.vae
        return self._model_cache.latents.get_or_create(
            key, lambda: self._run_vae(encode), may_keep=lambda: not vae.use_tiling
        )

    def _denoise(
        self,
        init_latents: Sequence[torch.Tensor],
        init_images: Sequence[Image.Image],
        units: Sequence[ActiveControlUnit],
        steps: int,
        denoising_strength: float,
        masks: Sequence[Image.Image],
    ) -> torch.Tensor:
        """Each job's (1, channels, height/8, width/8) to (jobs, channels, height/8, width/8), both
        scaled."""
        previewers = list(map(LatentPreviewer, init_latents, init_images))
        denoise_pass = DenoisePass(
            torch.cat(list(init_latents)), previewers, units, steps, denoising_strength, masks
        )
        return run_pass(
            self._base_model,
            self._jobs,
            denoise_pass,
            self._embeddings,
            self._progress,
            self._graph_context,
        )

    def _hires_pass(self, image: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """The second pass at the output size, over the enlarged latents or image.

        `latents` are the first pass's, (1, channels, height/8, width/8), if it had steps.
        """
        upscale, size = self._recipe.upscale, self._output_size
        enlarged = image.resize(size, Image.Resampling.LANCZOS)
        if upscale.upscaler == "Lanczos":
            latents = self._encode(enlarged)
        else:
            latents = self._encode(image) if latents is None else latents
            scale = latents.shape[2] / image.height
            shape = (round(size[1] * scale), round(size[0] * scale))
            latents = functional.interpolate(latents, size=shape, mode="bilinear", antialias=True)
        steps, strength = upscale.steps or self._recipe.steps, upscale.denoising_strength
        if not effective_steps(steps, strength):
            return enlarged
        units = self._units_for_size(size)
        latents = self._denoise([latents], [enlarged], units, steps, strength, self._masks)
        return self._decode(latents)

    def _decode(self, latents: torch.Tensor) -> Image.Image:
        """The RGB image of scaled latents, (1, channels, height/8, width/8)."""
        key, graphs = self._vae_cache_key, self._graph_context.graphs
        in_fp32 = key in self._vae_overflows
        image, overflowed = self._run_vae(
            partial(decode_latents, self._base_model, latents, graphs, in_fp32)
        )
        if overflowed:
            self._vae_overflowed = True
            self._vae_overflows.add(key)
        return image

    def _face_pass(self, image: Image.Image, box: Box) -> Image.Image:
        """Renders one face enlarged, without what is of the whole image: control maps, and references for
        its composition or garment."""
        settings, steps = self._recipe.face_repair, self._recipe.steps
        crop_box = pad_box(box, settings.padding, image.size)
        render_size = (settings.render_size, settings.render_size)
        face = image.crop(crop_box).resize(render_size, Image.Resampling.LANCZOS)
        with references_of_crops(self._base_model.denoiser):
            latents = self._denoise(
                [self._encode(face)], [face], (), steps, settings.denoising_strength, ()
            )
        return paste_face(image, self._decode(latents), crop_box, box, settings.mask_blur)

    def _face_boxes(self) -> list[Box]:
        """The faces to restore, in pixels of the output; none when it is off or has no steps."""
        recipe, settings = self._recipe, self._recipe.face_repair
        if not settings.enabled or not effective_steps(recipe.steps, settings.denoising_strength):
            return []
        faces = face_boxes(self._jobs[0].base_image.keypoints, self._output_size)
        # Outside the mask the base image's face is put back.
        return [box for box in faces if not self._masks or covers_face(self._masks[0], box)]

    def _total_evaluations(self) -> int:
        """Evaluations of the denoiser over all passes: the total that is reported as steps."""
        recipe, upscale = self._recipe, self._recipe.upscale
        count = partial(count_evaluations, build_pipeline(self._base_model, self._jobs[0]))
        total = count(recipe.steps, recipe.denoising_strength)
        if upscale.enabled:
            total += count(upscale.steps or recipe.steps, upscale.denoising_strength)
        return total + len(self._faces) * count(recipe.steps, recipe.face_repair.denoising_strength)

    @property
    def _output_size(self) -> Size:
        return output_size(self._recipe, self._base_model.family.size_multiple)


def output_size(recipe: Recipe, size_multiple: int) -> Size:
    """Width and height of the finished image in pixels, in multiples of the family's `size_multiple`."""
    factor = recipe.upscale.scale_factor if recipe.upscale.enabled else 1.0
    width, height = (
        size_multiple * round(side * factor / size_multiple)
        for side in (recipe.width, recipe.height)
    )
    return width, height
