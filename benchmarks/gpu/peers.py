"""The engine and plain diffusers on one case; ComfyUI, which patches torch, runs in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers import (
    ControlNetModel,
    DiffusionPipeline,
    EulerDiscreteScheduler,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionXLControlNetImg2ImgPipeline,
)
from PIL import Image

from benchmarks.gpu.cases import NEGATIVE_PROMPT, PROMPT, Case
from benchmarks.gpu.weights import base_model_name, controlnet_name
from benchmarks.workloads import CanvasInput
from studio.engine.control.control_maps import make_control_map
from studio.engine.engine import Engine
from studio.engine.options import resolve_dtype
from studio.engine.results import RenderListener, RenderResult
from studio.imaging.compositing import overlay_doodle
from studio.imaging.png_io import decode_doodle
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from studio.recipes.generation.recipe import ControlUnit, ModelRef, Recipe

PREPROCESSORS = ("scribble", "pose")
SLOTS = "ABCD"


class Peer(Protocol):
    """Something that can render the four variants of a case."""

    def request(self) -> None:
        """Renders the four variants up to pictures in RAM."""
        ...

    def close(self) -> None:
        """Frees the device."""
        ...


def make_jobs(case: Case, canvas: CanvasInput, **changes: Any) -> list[RenderJob]:
    """The case's four jobs; `changes` replace fields of each recipe."""
    image, jobs = canvas.base_image, []
    for slot, variant in zip(SLOTS, case.variants, strict=True):
        units = tuple(
            ControlUnit(
                model=ModelRef(name=controlnet_name(case, index)),
                preprocessor=PREPROCESSORS[index],
                weight=weight,
            )
            for index, weight in enumerate(variant.weights)
        )
        settings: dict[str, Any] = {
            "base_model": ModelRef(name=base_model_name(case, variant.base_model)),
            "sampler": "Euler",
            "steps": case.steps,
            "denoising_strength": 1.0,
            "guidance_scale": variant.guidance_scale,
            "width": case.size,
            "height": case.size,
            "control_units": units,
            **changes,
        }
        jobs.append(
            RenderJob(
                request_id="0" * 32,
                slot=slot,
                recipe=Recipe(**settings),
                prompt=PROMPT,
                negative_prompt=NEGATIVE_PROMPT,
                seed=variant.seed,
                base_image=image,
                doodle=decode_doodle(canvas.doodle_png, image.width, image.height),
            )
        )
    return jobs


class EnginePeer:
    """An engine, one image at a time or in batches, as it prefers."""

    def __init__(self, engine: Engine, canvas: CanvasInput, jobs: Sequence[RenderJob]) -> None:
        self.engine, self._canvas = engine, canvas
        self.batches = group_into_batches(jobs, engine.max_batch_size)

    def request(self) -> None:
        for batch in self.batches:
            self.render(batch)

    def render(self, batch: Sequence[RenderJob]) -> tuple[RenderResult, ...]:
        listeners = [RenderListener() for _ in batch]
        return self.engine.render_batch(batch, self._canvas.base, self._canvas.doodle, listeners)

    def close(self) -> None:
        self.engine.unload_all()


class DiffusersPeer:
    """Plain diffusers: a kept pipeline for each base model, all on the device."""

    def __init__(
        self, directory: Path, case: Case, canvas: CanvasInput, device: torch.device
    ) -> None:
        self._case, self._device = case, device
        self._dtype = resolve_dtype(device, "auto")
        controlnets = [
            ControlNetModel.from_pretrained(
                directory / "controlnets" / controlnet_name(case, index), dtype=self._dtype
            ).to(device)
            for index in range(case.controlnets)
        ]
        self._pipes = [
            self._load(directory / "checkpoints" / base_model_name(case, index), controlnets)
            for index in range(case.base_models)
        ]
        size = (case.size, case.size)
        self._image = overlay_doodle(canvas.base, canvas.doodle).resize(size)
        job = make_jobs(case, canvas)[0]
        self._maps = [
            make_control_map(unit, job, canvas.base, canvas.doodle, size)
            for unit in job.recipe.control_units
        ]

    def _load(self, folder: Path, controlnets: list[ControlNetModel]) -> DiffusionPipeline:
        is_xl = self._case.name == "sdxl"
        pipeline_class = (
            StableDiffusionXLControlNetImg2ImgPipeline
            if is_xl
            else StableDiffusionControlNetImg2ImgPipeline
        )
        options = {} if is_xl else {"safety_checker": None, "requires_safety_checker": False}
        pipe = pipeline_class.from_pretrained(
            folder, controlnet=controlnets, dtype=self._dtype, **options
        )
        pipe.scheduler = EulerDiscreteScheduler.from_config(pipe.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        return pipe.to(self._device)

    def request(self) -> None:
        for variant in self._case.variants:
            self.render(variant.base_model, variant.guidance_scale, variant.weights, variant.seed)

    def render(
        self, base_model: int, guidance_scale: float, weights: tuple[float, ...], seed: int
    ) -> Image.Image:
        image: Image.Image = self._pipes[base_model](
            prompt=PROMPT,
            negative_prompt=NEGATIVE_PROMPT,
            image=self._image,
            control_image=self._maps,
            controlnet_conditioning_scale=list(weights),
            strength=1.0,
            num_inference_steps=self._case.steps,
            guidance_scale=guidance_scale,
            generator=torch.Generator("cpu").manual_seed(seed),
        ).images[0]
        return image

    def close(self) -> None:
        self._pipes.clear()


class ComfyPeer:
    """A ComfyUI checkout in a process of its own, told by a line when to render."""

    def __init__(self, checkout: Path, directory: Path, case: Case) -> None:
        description = json.dumps(
            {
                "checkpoints": [
                    str(directory / "checkpoints" / base_model_name(case, index))
                    for index in range(case.base_models)
                ],
                "controlnets": [
                    str(directory / "controlnets" / controlnet_name(case, index))
                    for index in range(case.controlnets)
                ],
                "variants": [
                    [v.base_model, v.guidance_scale, v.weights, v.seed] for v in case.variants
                ],
                "size": case.size,
                "steps": case.steps,
                "prompts": [PROMPT, NEGATIVE_PROMPT],
            }
        )
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("comfy_process.py"), description],
            env=os.environ | {"COMFY": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._expect("ready")

    def request(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("request\n")
        self._process.stdin.flush()
        self._expect("done")

    def _expect(self, word: str) -> None:
        """Skips what ComfyUI prints itself."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == f"studio-benchmark {word}":
                return
        raise SystemExit("ComfyUI ended: its error is above")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
