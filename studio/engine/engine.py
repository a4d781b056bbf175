"""One job becomes one picture: shared modules, a throw-away pipeline, everything else plugged in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
)
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from studio.engine import prompts
from studio.engine.checkpoints import BaseModel, load_base_model, load_controlnet, load_vae
from studio.engine.conditioning import control_map, map_to_tensor, picture_to_tensor
from studio.engine.controlnets import UnitStack
from studio.engine.loras import plugged
from studio.engine.rendered import Rendered
from studio.engine.residency import Shelf
from studio.engine.schedulers import build_scheduler
from studio.errors import Cancelled, EngineError, UnfitModel
from studio.imaging.compose import composite
from studio.library.catalogue import Catalogue
from studio.library.models import Model
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job, Timings, UsedModel

OnStep = Callable[[int, int], None]
IsCancelled = Callable[[], bool]


@dataclass(frozen=True)
class _Unit:
    """A ControlNet unit ready to be plugged in."""

    unit: ControlUnit
    model: Model
    picture: Image.Image


class Engine:
    """Renders one job at a time on one device. Not thread-safe: one lane owns it."""

    def __init__(self, catalogue: Catalogue, device: str = "auto", base_models: int = 2) -> None:
        self._catalogue = catalogue
        self.device = _device(device)
        self._dtype = torch.float16 if self.device.type == "cuda" else torch.float32
        self._bases: Shelf[BaseModel] = Shelf(base_models)
        self._vaes: Shelf[AutoencoderKL] = Shelf(2)
        self._nets: Shelf[ControlNetModel] = Shelf(6)
        for logging in (diffusers_logging, transformers_logging):
            logging.set_verbosity_error()
            logging.disable_progress_bar()

    def render(
        self,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        on_step: OnStep = lambda done, total: None,
        is_cancelled: IsCancelled = lambda: False,
    ) -> Rendered:
        """The picture of `job`. `base` and `doodle` come apart and are laid together here.

        Raises NotFound, UnfitModel or DamagedModel before any work is done, Cancelled within
        a step of `is_cancelled` turning true, EngineError when rendering itself fails.
        """
        started = time.perf_counter()
        recipe = job.recipe
        checkpoint = self._catalogue.find("checkpoint", recipe.base_model)
        loras = [
            (self._catalogue.find("lora", u.model), u.weight) for u in recipe.loras if u.weight
        ]
        units, notes = self._units(job, checkpoint, doodle)
        parts, vae_model = self._parts(job, checkpoint)
        nets = [self._net(unit.model) for unit in units]
        loaded = time.perf_counter()

        size = (recipe.width, recipe.height)
        start = composite(base, doodle).resize(size, Image.Resampling.LANCZOS)
        if cut := prompts.words_cut_off(parts.tokenizer, job.prompt):
            notes.append(f"the prompt is too long for the text encoder; not heard: {cut}")
        picture = start
        # int() is how many steps diffusers runs; with none the start picture stays as it is.
        if int(recipe.steps * recipe.strength) > 0:
            with _translated(recipe.base_model.name):
                picture = self._denoise(
                    job, parts, start, units, nets, loras, on_step, is_cancelled
                )
        ended = time.perf_counter()
        used = [_used(checkpoint), *(_used(unit.model) for unit in units)]
        used += [_used(vae_model)] if vae_model else []
        used += [_used(model) for model, _ in loras]
        return Rendered(
            picture=picture,
            models=tuple(used),
            timings=Timings(load=round(loaded - started, 3), render=round(ended - loaded, 3)),
            notes=tuple(notes),
        )

    def _units(
        self, job: Job, checkpoint: Model, doodle: Image.Image | None
    ) -> tuple[list[_Unit], list[str]]:
        """The units that have something to say, and notes on those that have not."""
        units, notes = [], []
        for unit in job.recipe.control_units:
            model = self._catalogue.find("controlnet", unit.model)
            if not unit.active:
                continue
            if model.family != checkpoint.family:
                raise UnfitModel(
                    f"ControlNet {model.name!r} is made for {model.family}, base model"
                    f" {checkpoint.name!r} is {checkpoint.family}: choose one of its family"
                )
            picture = control_map(unit, job, doodle)
            if picture is None:
                notes.append(f"unit {model.name} saw no strokes and was left out")
            else:
                units.append(_Unit(unit, model, picture))
        return units, notes

    def _parts(self, job: Job, checkpoint: Model) -> tuple[BaseModel, Model | None]:
        parts = self._bases.get(
            checkpoint.sha256, lambda: load_base_model(checkpoint.path, self.device, self._dtype)
        )
        if job.recipe.vae is None:
            return parts, None
        model = self._catalogue.find("vae", job.recipe.vae)
        vae = self._vaes.get(model.sha256, lambda: load_vae(model.path, self.device, self._dtype))
        return replace(parts, vae=vae), model

    def _net(self, model: Model) -> ControlNetModel:
        return self._nets.get(
            model.sha256, lambda: load_controlnet(model.path, self.device, self._dtype)
        )

    @torch.no_grad()
    def _denoise(
        self,
        job: Job,
        parts: BaseModel,
        start: Image.Image,
        units: list[_Unit],
        nets: list[ControlNetModel],
        loras: list[tuple[Model, float]],
        on_step: OnStep,
        is_cancelled: IsCancelled,
    ) -> Image.Image:
        recipe = job.recipe
        total = int(recipe.steps * recipe.strength)

        def after_step(_: object, index: int, __: object, values: dict[str, Any]) -> dict[str, Any]:
            if is_cancelled():
                raise Cancelled(f"variant {job.letter} was stopped")
            on_step(index + 1, total)
            return values

        pipe, control = self._pipeline(parts, job, units, nets)
        with plugged(pipe, loras):
            result = pipe(
                prompt=job.prompt,
                negative_prompt=job.negative_prompt,
                image=self._start_latents(parts.vae, start),
                strength=recipe.strength,
                num_inference_steps=recipe.steps,
                guidance_scale=recipe.guidance_scale,
                # Noise is drawn on the CPU, so a seed means the same on every device.
                generator=torch.Generator("cpu").manual_seed(job.seed),
                callback_on_step_end=after_step,
                output_type="pil",
                **control,
            )
        picture: Image.Image = result.images[0]
        return picture

    def _pipeline(
        self, parts: BaseModel, job: Job, units: list[_Unit], nets: list[ControlNetModel]
    ) -> tuple[StableDiffusionImg2ImgPipeline, dict[str, Any]]:
        """A pipeline over the shared modules for this job alone, and its control arguments."""
        shared = {
            "vae": parts.vae,
            "text_encoder": parts.text_encoder,
            "tokenizer": parts.tokenizer,
            "unet": parts.unet,
            "scheduler": build_scheduler(
                parts.scheduler, job.recipe.sampler, job.recipe.schedule_type
            ),
            "safety_checker": None,
            "feature_extractor": None,
            "requires_safety_checker": False,
        }
        if not units:
            pipe = StableDiffusionImg2ImgPipeline(**shared)
            pipe.set_progress_bar_config(disable=True)
            return pipe, {}
        pipe = StableDiffusionControlNetImg2ImgPipeline(**shared, controlnet=UnitStack(nets))
        pipe.set_progress_bar_config(disable=True)
        return pipe, {
            "control_image": [map_to_tensor(u.picture, self.device, self._dtype) for u in units],
            "controlnet_conditioning_scale": [u.unit.weight for u in units],
            "control_guidance_start": [u.unit.start for u in units],
            "control_guidance_end": [u.unit.end for u in units],
        }

    def _start_latents(self, vae: AutoencoderKL, start: Image.Image) -> torch.Tensor:
        """The start picture's latents, scaled. Their mode: sampling would use up the seed."""
        pixels = picture_to_tensor(start, self.device, self._dtype)
        latents: torch.Tensor = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
        return latents


def _device(wanted: str) -> torch.device:
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _used(model: Model) -> UsedModel:
    return UsedModel(kind=model.kind, name=model.name, sha256=model.sha256)


@contextmanager
def _translated(base_model: str) -> Iterator[None]:
    """The one boundary where diffusers' and torch's errors become ours."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise EngineError(
            f"the device has too little memory for {base_model} at this size: make the picture"
            " smaller or keep fewer base models resident"
        ) from error
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EngineError(f"rendering with {base_model} failed: {reason}") from error
