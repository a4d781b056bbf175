"""The jobs that are measured: one recipe, and a stream in which everything changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image

from studio.app import AppContainer
from studio.bench.zoo import BASES, LORAS, NETS, Zoo
from studio.engine.engine import Engine
from studio.engine.memory.model_cache import CacheLimits
from studio.engine.options import EngineOptions
from studio.engine.results import RenderListener, RenderResult
from studio.imaging.png_io import decode_doodle, decode_png
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ControlUnit, LoraSettings, ModelRef, Recipe

STREAM = 24
WHOLE: Mapping[str, Any] = {"steps": 12, "denoising_strength": 0.5, "guidance_scale": 3.0}
"""Six steps with guidance, at the zoo's own side: on a CPU drawing outweighs everything."""
QUICK: Mapping[str, Any] = {
    "steps": 4, "denoising_strength": 0.5, "guidance_scale": 1.0, "width": 64, "height": 64,
}  # fmt: skip
"""Two small steps: loading outweighs drawing, as it does on a graphics card."""
SHORT: Mapping[str, Any] = {"steps": 2, "denoising_strength": 0.5, "width": 64, "height": 64}
"""One small step: what plugging in costs stands out of it."""


@dataclass(frozen=True)
class CanvasInput:
    """A base image and a doodle over it, as bytes for the job and as pixels for the engine."""

    base_image: BaseImage
    doodle_png: bytes
    base: Image.Image
    doodle: Image.Image


def page(studio: AppContainer) -> CanvasInput:
    """The striped set, as it is drawn in the doodle pack."""
    drawn = next(doodle for doodle in studio.sample_doodles if doodle.name == "striped-set")
    image = studio.base_images.get(drawn.base_image or "ruby")
    return CanvasInput(
        image,
        drawn.png,
        decode_png(studio.base_images.read_png(image), "the base"),
        decode_png(drawn.png, "the doodle"),
    )


def job(zoo: Zoo, on: CanvasInput, seed: int = 1, **changes: Any) -> RenderJob:
    """One job of the zoo's first base model; `changes` are the recipe's."""
    settings: dict[str, Any] = {
        "base_model": ModelRef(name=BASES[0]),
        "sampler": "DPM++ 2M",
        "width": zoo.image_size,
        "height": zoo.image_size,
        **WHOLE,
        **changes,
    }
    recipe = Recipe(**settings)
    return RenderJob(
        request_id="0" * 32,
        slot="A",
        recipe=recipe,
        prompt="an avatar wearing a striped shirt and shorts",
        negative_prompt="",
        loras=recipe.loras,
        seed=seed,
        base_image=on.base_image,
        doodle=decode_doodle(on.doodle_png, on.base_image.width, on.base_image.height),
    )


def unit(index: int) -> ControlUnit:
    reads = ("scribble", "pose")[index]
    return ControlUnit(model=ModelRef(name=NETS[index]), preprocessor=reads, weight=0.8)


def lora(index: int) -> LoraSettings:
    return LoraSettings(model=ModelRef(name=LORAS[index]), weight=0.8)


def mixed_stream(zoo: Zoo, on: CanvasInput, size: Mapping[str, Any]) -> list[RenderJob]:
    """Requests of many themes in the order in which users happen to send them."""
    chance = Random(1)
    jobs = []
    for seed in range(STREAM):
        units = [unit(index) for index in range(len(NETS)) if chance.random() < 0.7]
        loras = [lora(chance.randrange(len(LORAS)))] if chance.random() < 0.7 else []
        plugs = {"control_units": tuple(units), "loras": tuple(loras)}
        base = ModelRef(name=chance.choice(BASES))
        jobs.append(job(zoo, on, seed, base_model=base, **size, **plugs))
    return jobs


class EngineHarness:
    """An engine over a zoo's models."""

    def __init__(
        self, zoo: Zoo, on: CanvasInput, ways: EngineOptions | None = None, **limits: Any
    ) -> None:
        self.model_zoo, self.on = zoo, on
        self.catalog = ModelCatalog((zoo.directory,), HashCache(None))
        self.engine = Engine(
            self.catalog, "auto", CacheLimits(**({"max_device_models": 3} | limits)), options=ways
        )

    def render(self, wanted: RenderJob) -> RenderResult:
        return self.engine.render(wanted, self.on.base, self.on.doodle)

    def render_batch(self, wanted: Sequence[RenderJob]) -> tuple[RenderResult, ...]:
        watches = [RenderListener() for _ in wanted]
        return self.engine.render_batch(wanted, self.on.base, self.on.doodle, watches)

    def job(self, seed: int = 1, **changes: Any) -> RenderJob:
        return job(self.model_zoo, self.on, seed, **changes)
