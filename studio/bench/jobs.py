"""The jobs that are measured: one recipe, and a stream in which everything changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image

from studio.bench.zoo import BASES, LORAS, NETS, Zoo
from studio.bootstrap import Studio
from studio.engine.engine import Engine
from studio.engine.rendered import Rendered, Watch
from studio.engine.stock import Limits
from studio.engine.ways import Ways
from studio.imaging.limits import open_png, read_doodle
from studio.library.catalogue import Catalogue
from studio.library.files import Hashes
from studio.recipes.canvas import BaseImage
from studio.recipes.recipe import ControlUnit, LoraUse, ModelRef, Recipe
from studio.recipes.request import Job

STREAM = 24
WHOLE: Mapping[str, Any] = {"steps": 12, "strength": 0.5, "guidance_scale": 3.0}
"""Six steps with guidance, at the zoo's own side: on a CPU drawing outweighs everything."""
QUICK: Mapping[str, Any] = {
    "steps": 4, "strength": 0.5, "guidance_scale": 1.0, "width": 64, "height": 64,
}  # fmt: skip
"""Two small steps: loading outweighs drawing, as it does on a graphics card."""
SHORT: Mapping[str, Any] = {"steps": 2, "strength": 0.5, "width": 64, "height": 64}
"""One small step: what plugging in costs stands out of it."""


@dataclass(frozen=True)
class Page:
    """A base image and a doodle over it, as bytes for the job and as pixels for the engine."""

    base_image: BaseImage
    doodle_png: bytes
    base: Image.Image
    doodle: Image.Image


def page(studio: Studio) -> Page:
    """The striped set, as it is drawn in the doodle pack."""
    drawn = next(doodle for doodle in studio.doodles if doodle.name == "striped-set")
    image = studio.bases.get(drawn.base_image or "ruby")
    return Page(
        image,
        drawn.png,
        open_png(studio.bases.png(image), "the base"),
        open_png(drawn.png, "the doodle"),
    )


def job(zoo: Zoo, on: Page, seed: int = 1, **changes: Any) -> Job:
    """One job of the zoo's first base model; `changes` are the recipe's."""
    settings: dict[str, Any] = {
        "base_model": ModelRef(name=BASES[0]),
        "sampler": "DPM++ 2M",
        "width": zoo.side,
        "height": zoo.side,
        **WHOLE,
        **changes,
    }
    recipe = Recipe(**settings)
    return Job(
        request_id="0" * 32,
        letter="A",
        recipe=recipe,
        prompt="an avatar wearing a striped shirt and shorts",
        negative_prompt="",
        loras=recipe.loras,
        seed=seed,
        base_image=on.base_image,
        doodle=read_doodle(on.doodle_png, on.base_image.width, on.base_image.height),
    )


def unit(index: int) -> ControlUnit:
    reads = ("scribble", "pose")[index]
    return ControlUnit(model=ModelRef(name=NETS[index]), preprocessor=reads, weight=0.8)


def lora(index: int) -> LoraUse:
    return LoraUse(model=ModelRef(name=LORAS[index]), weight=0.8)


def mixed_stream(zoo: Zoo, on: Page, size: Mapping[str, Any]) -> list[Job]:
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


class Bench:
    """An engine over a zoo's models."""

    def __init__(self, zoo: Zoo, on: Page, ways: Ways | None = None, **limits: Any) -> None:
        self.zoo, self.on = zoo, on
        self.catalogue = Catalogue((zoo.folder,), Hashes(None))
        self.engine = Engine(
            self.catalogue, "auto", Limits(**({"base_models": 3} | limits)), ways=ways
        )

    def render(self, wanted: Job) -> Rendered:
        return self.engine.render(wanted, self.on.base, self.on.doodle)

    def render_together(self, wanted: Sequence[Job]) -> tuple[Rendered, ...]:
        watches = [Watch() for _ in wanted]
        return self.engine.render_together(wanted, self.on.base, self.on.doodle, watches)

    def job(self, seed: int = 1, **changes: Any) -> Job:
        return job(self.zoo, self.on, seed, **changes)
