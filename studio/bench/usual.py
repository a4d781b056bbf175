"""Plain diffusers, used as its documentation does: a pipeline for each combination of models."""

import torch
from diffusers import (
    ControlNetModel,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
)
from PIL import Image

from studio.bench.jobs import CanvasInput
from studio.bench.zoo import Zoo
from studio.engine.control.control_maps import make_control_map
from studio.engine.options import resolve_device, resolve_dtype
from studio.imaging.compositing import overlay_doodle
from studio.recipes.generation.job import RenderJob

LoraSet = tuple[str, tuple[str, ...]]


class DiffusersBaseline:
    """Keeps the pipeline while base model and ControlNets stay the same, swaps LoRAs on it."""

    def __init__(self, zoo: Zoo, on: CanvasInput) -> None:
        self._model_zoo, self._on = zoo, on
        self._device = resolve_device("auto")
        self._dtype = resolve_dtype(self._device, "auto")
        self._built: tuple[LoraSet, DiffusionPipeline] | None = None
        self._loras: tuple[str, ...] = ()

    def render(self, job: RenderJob) -> Image.Image:
        pipe = self._pipeline(job)
        recipe, size = job.recipe, (job.recipe.width, job.recipe.height)
        control = {}
        if recipe.control_units:
            maps = [make_control_map(u, job, self._on.base, self._on.doodle, size) for u in recipe.control_units]  # fmt: skip
            control = {
                "control_image": maps,
                "controlnet_conditioning_scale": [u.weight for u in recipe.control_units],
            }
        image: Image.Image = pipe(
            prompt=job.prompt,
            negative_prompt=job.negative_prompt,
            image=overlay_doodle(self._on.base, self._on.doodle).resize(size),
            strength=recipe.denoising_strength,
            num_inference_steps=recipe.steps,
            guidance_scale=recipe.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(job.seed),
            **control,
        ).images[0]
        return image

    def _pipeline(self, job: RenderJob) -> DiffusionPipeline:
        nets = tuple(unit.model.name for unit in job.recipe.control_units)
        plugs = (job.recipe.base_model.name, nets)
        if self._built is None or self._built[0] != plugs:
            self._built, self._loras = None, ()
            self._built = (plugs, self._build(*plugs))
        pipe = self._built[1]
        loras = tuple(use.model.name for use in job.loras)
        if loras != self._loras:
            pipe.unload_lora_weights()
            for use in job.loras:
                file = self._model_zoo.directory / "loras" / f"{use.model.name}.safetensors"
                pipe.load_lora_weights(file, adapter_name=use.model.name)
            if loras:
                pipe.set_adapters(list(loras), [use.weight for use in job.loras])
            self._loras = loras
        return pipe

    def _build(self, base: str, names: tuple[str, ...]) -> DiffusionPipeline:
        where = self._model_zoo.directory / "controlnets"
        nets = [ControlNetModel.from_pretrained(where / n, dtype=self._dtype) for n in names]
        kind = StableDiffusionControlNetImg2ImgPipeline if nets else StableDiffusionImg2ImgPipeline
        pipe = kind.from_pretrained(
            self._model_zoo.directory / "checkpoints" / base,
            dtype=self._dtype,
            safety_checker=None,
            requires_safety_checker=False,
            **({"controlnet": nets} if nets else {}),
        )
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        return pipe.to(self._device)
