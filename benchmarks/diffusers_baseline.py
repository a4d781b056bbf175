"""Plain diffusers as its documentation uses it: one pipeline for each combination of models."""

from typing import Any

import torch
from diffusers import (
    ControlNetModel,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
)
from PIL import Image

from benchmarks.model_zoo import ModelZoo
from benchmarks.workloads import CanvasInput
from studio.engine.control.control_maps import make_control_map
from studio.engine.devices import resolve_device
from studio.engine.options import resolve_dtype
from studio.imaging.compositing import overlay_doodle
from studio.recipes.generation.job import RenderJob

PipelineKey = tuple[str, tuple[str, ...]]
"""The names of the base model and of the ControlNets."""


class DiffusersBaseline:
    """Reuses the pipeline while base model and ControlNets stay the same, and swaps LoRAs on it."""

    def __init__(self, zoo: ModelZoo, canvas: CanvasInput) -> None:
        self._zoo, self._canvas = zoo, canvas
        self._device = resolve_device("auto")
        self._dtype = resolve_dtype(self._device, "auto")
        self._current: tuple[PipelineKey, DiffusionPipeline] | None = None
        self._loras: tuple[str, ...] = ()

    def render(self, job: RenderJob) -> Image.Image:
        pipe = self._pipeline(job)
        recipe, size = job.recipe, (job.recipe.width, job.recipe.height)
        image: Image.Image = pipe(
            prompt=job.prompt,
            negative_prompt=job.negative_prompt,
            image=overlay_doodle(self._canvas.base, self._canvas.doodle).resize(size),
            strength=recipe.denoising_strength,
            num_inference_steps=recipe.steps,
            guidance_scale=recipe.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(job.seed),
            **self._controlnet_kwargs(job, size),
        ).images[0]
        return image

    def _controlnet_kwargs(self, job: RenderJob, size: tuple[int, int]) -> dict[str, Any]:
        units = job.recipe.control_units
        if not units:
            return {}
        base, doodle = self._canvas.base, self._canvas.doodle
        return {
            "control_image": [make_control_map(unit, job, base, doodle, size) for unit in units],
            "controlnet_conditioning_scale": [unit.weight for unit in units],
        }

    def _pipeline(self, job: RenderJob) -> DiffusionPipeline:
        controlnets = tuple(unit.model.name for unit in job.recipe.control_units)
        key = (job.recipe.base_model.name, controlnets)
        if self._current is None or self._current[0] != key:
            self._current, self._loras = None, ()
            self._current = (key, self._build(*key))
        pipe = self._current[1]
        loras = tuple(use.model.name for use in job.loras)
        if loras != self._loras:
            pipe.unload_lora_weights()
            for name in loras:
                file = self._zoo.directory / "loras" / f"{name}.safetensors"
                pipe.load_lora_weights(file, adapter_name=name)
            if loras:
                pipe.set_adapters(list(loras), [use.weight for use in job.loras])
            self._loras = loras
        return pipe

    def _build(self, base_model: str, names: tuple[str, ...]) -> DiffusionPipeline:
        directory = self._zoo.directory / "controlnets"
        controlnets = [
            ControlNetModel.from_pretrained(directory / name, dtype=self._dtype) for name in names
        ]
        pipeline_class = (
            StableDiffusionControlNetImg2ImgPipeline
            if controlnets
            else StableDiffusionImg2ImgPipeline
        )
        pipe = pipeline_class.from_pretrained(
            self._zoo.directory / "checkpoints" / base_model,
            dtype=self._dtype,
            safety_checker=None,
            requires_safety_checker=False,
            **({"controlnet": controlnets} if controlnets else {}),
        )
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        return pipe.to(self._device)
