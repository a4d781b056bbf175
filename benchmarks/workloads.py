"""The jobs that the engine is measured with, and an engine to render them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Any

from PIL import Image

from benchmarks.model_zoo import BASE_MODELS, CONTROLNETS, LORAS, ModelZoo
from benchmarks.report import elapsed_seconds
from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.options import EngineOptions
from studio.engine.results import RenderListener, RenderResult
from studio.imaging.png_io import decode_doodle, decode_png
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit, LoraSettings, ModelRef, Recipe

STREAM_JOBS = 24
LONG_JOB: Mapping[str, Any] = {"steps": 12, "denoising_strength": 0.5, "guidance_scale": 3.0}
"""Six steps with guidance at the zoo's image size: on a CPU rendering dominates."""
SMALL_JOB: Mapping[str, Any] = {
    "steps": 4,
    "denoising_strength": 0.5,
    "guidance_scale": 1.0,
    "width": 64,
    "height": 64,
}
"""Two small steps: loading dominates, as it does on a graphics card."""
ONE_STEP_JOB: Mapping[str, Any] = {
    "steps": 2,
    "denoising_strength": 0.5,
    "width": 64,
    "height": 64,
}
"""One small step: the cost of a switch stands out."""


@dataclass(frozen=True)
class CanvasInput:
    """A base image and a doodle over it, as bytes for the job and as pixels for the engine."""

    base_image: BaseImage
    doodle_png: bytes
    base: Image.Image
    doodle: Image.Image


def load_canvas_input(studio: AppContainer) -> CanvasInput:
    """The sample doodle `striped-set` over its base image."""
    sample = next(
        doodle for doodle in studio.authoring.sample_doodles if doodle.name == "striped-set"
    )
    image = studio.stores.base_images.get(sample.base_image or "ruby")
    return CanvasInput(
        image,
        sample.png,
        decode_png(studio.stores.base_images.read_png(image), "the base image"),
        decode_png(sample.png, "the doodle"),
    )


def make_job(zoo: ModelZoo, canvas: CanvasInput, seed: int = 1, **changes: Any) -> RenderJob:
    """A long job on the zoo's first base model; `changes` replace fields of its recipe."""
    settings: dict[str, Any] = {
        "base_model": ModelRef(name=BASE_MODELS[0]),
        "sampler": "DPM++ 2M",
        "width": zoo.image_size,
        "height": zoo.image_size,
        **LONG_JOB,
        **changes,
    }
    recipe = Recipe(**settings)
    image = canvas.base_image
    return RenderJob(
        request_id="0" * 32,
        slot="A",
        recipe=recipe,
        prompt="an avatar wearing a striped shirt and shorts",
        negative_prompt="",
        loras=recipe.loras,
        seed=seed,
        base_image=image,
        doodle=decode_doodle(canvas.doodle_png, image.width, image.height),
    )


def control_unit(index: int) -> ControlUnit:
    """A unit for the zoo's first (scribble) or second (pose) ControlNet."""
    preprocessor = ("scribble", "pose")[index]
    model = ModelRef(name=CONTROLNETS[index])
    return ControlUnit(model=model, preprocessor=preprocessor, weight=0.8)


def lora(index: int) -> LoraSettings:
    return LoraSettings(model=ModelRef(name=LORAS[index]), weight=0.8)


def mixed_stream(zoo: ModelZoo, canvas: CanvasInput, size: Mapping[str, Any]) -> list[RenderJob]:
    """`STREAM_JOBS` jobs of many themes in random order, always the same; `size` as `LONG_JOB`."""
    random = Random(1)
    jobs = []
    for seed in range(STREAM_JOBS):
        units = [control_unit(index) for index in range(len(CONTROLNETS)) if random.random() < 0.7]
        loras = [lora(random.randrange(len(LORAS)))] if random.random() < 0.7 else []
        attachments = {"control_units": tuple(units), "loras": tuple(loras)}
        model = ModelRef(name=random.choice(BASE_MODELS))
        jobs.append(make_job(zoo, canvas, seed, base_model=model, **size, **attachments))
    return jobs


class EngineHarness:
    """An engine over a zoo's models; `limits` are fields of CacheLimits."""

    def __init__(
        self,
        zoo: ModelZoo,
        canvas: CanvasInput,
        options: EngineOptions | None = None,
        **limits: Any,
    ) -> None:
        self.zoo, self.canvas = zoo, canvas
        self.catalog = ModelCatalog((zoo.directory,), HashCache(None))
        cache_limits = CacheLimits(**({"max_device_models": 3} | limits))
        self.engine = Engine(self.catalog, "auto", cache_limits, options=options)

    def render(self, job: RenderJob) -> RenderResult:
        return self.engine.render(job, self.canvas.base, self.canvas.doodle)

    def render_batch(self, jobs: Sequence[RenderJob]) -> tuple[RenderResult, ...]:
        listeners = [RenderListener() for _ in jobs]
        return self.engine.render_batch(jobs, self.canvas.base, self.canvas.doodle, listeners)

    def make_job(self, seed: int = 1, **changes: Any) -> RenderJob:
        return make_job(self.zoo, self.canvas, seed, **changes)

    def median_seconds(self, jobs: Sequence[RenderJob]) -> float:
        """Median seconds to render all of `jobs` one by one, after a warm-up."""
        seconds = [elapsed_seconds(lambda: [self.render(job) for job in jobs]) for _ in range(3)]
        return median(seconds[1:])
