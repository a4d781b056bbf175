"""A throw-away diffusers pipeline per pass over shared modules, and one run of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
)
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from studio.engine.checkpoints import BaseModel
from studio.engine.conditioning import map_to_tensor
from studio.engine.controlnets import UnitStack
from studio.engine.preview import LatentColours
from studio.engine.prompts import Embeddings
from studio.engine.schedulers import build_scheduler
from studio.errors import Cancelled
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job


class BrokenLatents(Exception):
    """The latents are no longer numbers: half precision overflowed, or weights are broken."""


@dataclass(frozen=True)
class Unit:
    """A ControlNet unit ready to be plugged in: what it is set to, its net, and what it sees."""

    settings: ControlUnit
    net: ControlNetModel
    picture: Image.Image


@dataclass(frozen=True)
class Hooks:
    """Where a job reports to, and what may end it."""

    letter: str
    on_step: Callable[[int, int], None]
    on_preview: Callable[[Image.Image], None]
    is_cancelled: Callable[[], bool]


@dataclass(frozen=True)
class Pass:
    """One way through the denoiser: from where, with which units, how far."""

    start: torch.Tensor
    colours: LatentColours
    units: Sequence[Unit]
    steps: int
    strength: float


def steps_run(steps: int, strength: float) -> int:
    """How many steps diffusers really runs."""
    return int(steps * strength)


class Progress:
    """A job's steps over all of its passes."""

    def __init__(self, hooks: Hooks, total: int) -> None:
        self._hooks, self._total, self._done = hooks, total, 0

    def stepped(self, latents: torch.Tensor, colours: LatentColours) -> None:
        """Raises Cancelled when it is to stop, BrokenLatents when there is nothing left."""
        if self._hooks.is_cancelled():
            raise Cancelled(f"variant {self._hooks.letter} was stopped")
        if not torch.isfinite(latents).all():
            raise BrokenLatents
        self._done += 1
        self._hooks.on_step(self._done, self._total)
        if self._done < self._total:
            self._hooks.on_preview(colours.picture(latents))


def run(
    parts: BaseModel, job: Job, a_pass: Pass, embeddings: Embeddings, progress: Progress
) -> torch.Tensor:
    """The pass's latents, scaled as its start is."""
    ended = _Guidance(job, a_pass, progress).ended
    result = pipeline(parts, job, a_pass.units)(
        prompt_embeds=embeddings.positive,
        negative_prompt_embeds=embeddings.negative,
        image=a_pass.start,
        strength=a_pass.strength,
        num_inference_steps=a_pass.steps,
        guidance_scale=job.recipe.guidance_scale,
        # Noise is drawn on the CPU, so a seed means the same on every device.
        generator=torch.Generator("cpu").manual_seed(job.seed),
        callback_on_step_end=ended,
        callback_on_step_end_tensor_inputs=[
            "latents",
            "prompt_embeds",
            *(["control_image"] if a_pass.units else []),
        ],
        output_type="latent",
        **_control(a_pass.units, a_pass.start),
    )
    latents: torch.Tensor = result.images
    return latents


def decoded(vae: AutoencoderKL, latents: torch.Tensor) -> Image.Image:
    """The picture of scaled latents."""
    pixels = vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0]
    picture: Image.Image = VaeImageProcessor().postprocess(pixels.detach(), "pil")[0]
    return picture


def pipeline(parts: BaseModel, job: Job, units: Sequence[Unit]) -> StableDiffusionImg2ImgPipeline:
    """A pipeline for this pass alone; making one costs under a millisecond and loads nothing."""
    recipe = job.recipe
    shared = {
        "vae": parts.vae,
        "text_encoder": parts.text_encoder,
        "tokenizer": parts.tokenizer,
        "unet": parts.unet,
        "scheduler": build_scheduler(parts.scheduler, recipe.sampler, recipe.schedule_type),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    if units:
        stack = UnitStack([u.net for u in units], [u.settings.mode for u in units])
        pipe = StableDiffusionControlNetImg2ImgPipeline(**shared, controlnet=stack)
    else:
        pipe = StableDiffusionImg2ImgPipeline(**shared)
    pipe.set_progress_bar_config(disable=True)
    return pipe


class _Guidance:
    """Ends guidance where the recipe says: the prompt's half alone from there on."""

    def __init__(self, job: Job, a_pass: Pass, progress: Progress) -> None:
        self._colours, self._progress = a_pass.colours, progress
        self._until = job.recipe.guidance_end * steps_run(a_pass.steps, a_pass.strength)

    def ended(self, pipe: Any, index: int, _: object, values: dict[str, Any]) -> dict[str, Any]:
        self._progress.stepped(values["latents"], self._colours)
        if index + 1 >= self._until and pipe.do_classifier_free_guidance:
            pipe._guidance_scale = 1.0
            values["prompt_embeds"] = values["prompt_embeds"].chunk(2)[-1]
            if "control_image" in values:
                values["control_image"] = [m.chunk(2)[-1] for m in values["control_image"]]
        return values


def _control(units: Sequence[Unit], like: torch.Tensor) -> dict[str, Any]:
    if not units:
        return {}
    return {
        "control_image": [map_to_tensor(u.picture, like.device, like.dtype) for u in units],
        "controlnet_conditioning_scale": [u.settings.weight for u in units],
        "control_guidance_start": [u.settings.start for u in units],
        "control_guidance_end": [u.settings.end for u in units],
    }
