"""Jobs' passes over loaded models: the picture itself, enlarged, its faces once more."""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from functools import partial

import torch
from PIL import Image
from torch.nn import functional

from studio.engine.diffusion.latent_preview import LatentRgbProjection
from studio.engine.diffusion.latents import decode_latents, encode_image
from studio.engine.diffusion.pipeline import (
    ActiveControlUnit,
    DenoisePass,
    ProgressTracker,
    RenderCallbacks,
    build_pipeline,
    effective_steps,
    run_pass,
    timesteps_run,
)
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.memory.model_cache import ModelCache
from studio.imaging.face_regions import Box, face_boxes, pad_box, paste_face
from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import Recipe

Size = tuple[int, int]
ControlUnitsForSize = Callable[[Size], Sequence[ActiveControlUnit]]


class PassRunner:
    """Draws one job, or the first pass of several that differ only in prompts and seed.

    `units_at` gives the control units with their maps at a size.
    """

    def __init__(
        self,
        stock: ModelCache,
        parts: LoadedBaseModel,
        eyes: Hashable,
        jobs: Sequence[RenderJob],
        units_at: ControlUnitsForSize,
        embeddings: PromptEmbeddings,
        hooks: RenderCallbacks,
    ) -> None:
        self._model_cache, self._components, self._vae_cache_key = stock, parts, eyes
        self._jobs, self._recipe = jobs, jobs[0].recipe
        self._control_units_for_size, self._embeddings = units_at, embeddings
        self._faces = self._face_boxes()
        self._progress = ProgressTracker(hooks, self._total_steps())
        self._overflowed = False

    @property
    def notes(self) -> tuple[Message, ...]:
        """What an operator should know of how the pictures were decoded."""
        return (message("engine.vae_overflowed"),) if self._overflowed else ()

    def run(self, start: Image.Image) -> list[Image.Image]:
        """All passes of the recipe, from the start picture; a picture for each job."""
        recipe = self._recipe
        if not effective_steps(recipe.steps, recipe.denoising_strength):
            return [self._run_later_passes(start, None)] * len(self._jobs)
        units = self._control_units_for_size(start.size)
        latents = self._run(
            self.encode(start), start, units, recipe.steps, recipe.denoising_strength
        )
        return [
            self._run_later_passes(self._decoded(each), each) for each in torch.split(latents, 1)
        ]

    def _run_later_passes(self, image: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """The passes after the first, which a job of a batch has none of."""
        if self._recipe.upscale.enabled:
            image = self._hires_pass(image, latents)
        for box in self._faces:
            image = self._face_pass(image, box)
        return image

    def encode(self, image: Image.Image) -> torch.Tensor:
        """The picture's scaled latents, from the cache when it was seen before."""
        key = (self._vae_cache_key, image.size, hashlib.sha256(image.tobytes()).hexdigest())
        return self._model_cache.latents.get_or_create(
            key, lambda: encode_image(self._components, image)
        )

    def _run(
        self,
        latents: torch.Tensor,
        image: Image.Image,
        units: Sequence[ActiveControlUnit],
        steps: int,
        strength: float,
    ) -> torch.Tensor:
        colors = LatentRgbProjection.fit(latents, image)
        a_pass = DenoisePass(latents, colors, units, steps, strength)
        return run_pass(self._components, self._jobs, a_pass, self._embeddings, self._progress)

    def _hires_pass(self, image: Image.Image, latents: torch.Tensor | None) -> Image.Image:
        """The second pass, over the first one's latents or picture at the final size."""
        upscale, size = self._recipe.upscale, self._final_size
        larger = image.resize(size, Image.Resampling.LANCZOS)
        if upscale.upscaler == "Lanczos":
            latents = self.encode(larger)
        else:
            latents = self.encode(image) if latents is None else latents
            scale = latents.shape[2] / image.height
            shape = (round(size[1] * scale), round(size[0] * scale))
            latents = functional.interpolate(latents, size=shape, mode="bilinear", antialias=True)
        steps = upscale.steps or self._recipe.steps
        if not effective_steps(steps, upscale.denoising_strength):
            return larger
        latents = self._run(
            latents, larger, self._control_units_for_size(size), steps, upscale.denoising_strength
        )
        return self._decoded(latents)

    def _decoded(self, latents: torch.Tensor) -> Image.Image:
        image, overflowed = decode_latents(self._components, latents)
        self._overflowed |= overflowed
        return image

    def _face_pass(self, image: Image.Image, box: Box) -> Image.Image:
        """One face alone and large. No control maps: they are of the whole picture."""
        repair = self._recipe.face_repair
        at = pad_box(box, repair.padding, image.size)
        face = image.crop(at).resize(
            (repair.render_size, repair.render_size), Image.Resampling.LANCZOS
        )
        latents = self._run(
            self.encode(face), face, (), self._recipe.steps, repair.denoising_strength
        )
        return paste_face(image, self._decoded(latents), at, box, repair.mask_blur)

    def _face_boxes(self) -> list[Box]:
        recipe = self._recipe
        repair = recipe.face_repair
        if not repair.enabled or not effective_steps(recipe.steps, repair.denoising_strength):
            return []
        return face_boxes(self._jobs[0].base_image.keypoints, self._final_size)

    def _total_steps(self) -> int:
        recipe, upscale = self._recipe, self._recipe.upscale
        count = partial(timesteps_run, build_pipeline(self._components, self._jobs[0]))
        total = count(recipe.steps, recipe.denoising_strength)
        if upscale.enabled:
            total += count(upscale.steps or recipe.steps, upscale.denoising_strength)
        return total + len(self._faces) * count(recipe.steps, recipe.face_repair.denoising_strength)

    @property
    def _final_size(self) -> Size:
        return output_size(self._recipe, self._components.dialect.side)


def output_size(recipe: Recipe, side: int) -> Size:
    """Width and height of the finished picture, in multiples of the family's `side`."""
    factor = recipe.upscale.scale_factor if recipe.upscale.enabled else 1.0
    width, height = (side * round(each * factor / side) for each in (recipe.width, recipe.height))
    return width, height
