"""One job becomes one picture: shared modules, a throw-away pipeline, everything else plugged in."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import torch
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from studio.engine import pipelines, prompts
from studio.engine.checkpoints import BaseModel
from studio.engine.conditioning import control_map, map_key
from studio.engine.passes import Passes, Size, UnitsAt
from studio.engine.pipelines import BrokenLatents, Hooks, Unit
from studio.engine.rendered import Rendered
from studio.engine.stock import EngineStatus, Limits, Stock
from studio.errors import EngineError, UnfitModel
from studio.imaging.compose import composite
from studio.imaging.fitting import fit
from studio.library.catalogue import Catalogue
from studio.library.models import Model
from studio.recipes.promptsyntax import read_prompt
from studio.recipes.recipe import ControlUnit
from studio.recipes.request import Job, Timings, UsedModel

OnStep = Callable[[int, int], None]
OnPreview = Callable[[Image.Image], None]
IsCancelled = Callable[[], bool]


@dataclass(frozen=True)
class _Models:
    """The models a job names, found and checked; nothing is loaded yet."""

    checkpoint: Model
    vae: Model | None
    loras: tuple[tuple[Model, float], ...]
    nets: tuple[tuple[ControlUnit, Model], ...]


class Engine:
    """Renders one job at a time on one device. Not thread-safe: one lane owns it."""

    def __init__(
        self, catalogue: Catalogue, device: str = "auto", limits: Limits | None = None
    ) -> None:
        self._catalogue = catalogue
        self.device = _device(device)
        dtype = torch.float16 if self.device.type == "cuda" else torch.float32
        self._stock = Stock(self.device, dtype, limits or Limits())
        for logging in (diffusers_logging, transformers_logging):
            logging.set_verbosity_error()
            logging.disable_progress_bar()

    def status(self) -> EngineStatus:
        """What is where, hits, misses and bytes."""
        return self._stock.status()

    @torch.no_grad()
    def render(
        self,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        on_step: OnStep = lambda done, total: None,
        is_cancelled: IsCancelled = lambda: False,
        on_preview: OnPreview = lambda picture: None,
    ) -> Rendered:
        """The picture of `job`. `base` and `doodle` come apart and are laid together here.

        Raises NotFound, UnfitModel or DamagedModel before any work is done, Cancelled within
        a step of `is_cancelled` turning true, EngineError when rendering itself fails.
        """
        started = time.perf_counter()
        models = self._models(job)
        size = (job.recipe.width, job.recipe.height)
        speaking = [
            (unit, model)
            for unit, model in models.nets
            if self._map(unit, job, base, doodle, size) is not None
        ]
        silent = [model.name for unit, model in models.nets if (unit, model) not in speaking]
        with ExitStack() as pins:
            parts = pins.enter_context(self._stock.base_model(models.checkpoint))
            if models.vae is not None:
                parts = replace(parts, vae=pins.enter_context(self._stock.vae(models.vae)))
            nets = pins.enter_context(self._stock.controlnets([m for _, m in speaking]))
            loaded = time.perf_counter()

            def units_at(page: Size) -> list[Unit]:
                maps = [self._map(unit, job, base, doodle, page) for unit, _ in speaking]
                plugs = zip(speaking, nets, maps, strict=True)
                return [Unit(unit, net, shown) for (unit, _), net, shown in plugs if shown]

            hooks = Hooks(job.letter, on_step, on_preview, is_cancelled)
            start = fit(composite(base, doodle), size, "Just Resize")
            draw = partial(self._drawn, job, models, parts, units_at, start, hooks)
            picture = self._with_second_try(job, draw)
        ended = time.perf_counter()
        used = [models.checkpoint, *(model for _, model in speaking)]
        used += [models.vae] if models.vae else []
        used += [model for model, _ in models.loras]
        return Rendered(
            picture=picture,
            models=tuple(UsedModel(kind=m.kind, name=m.name, sha256=m.sha256) for m in used),
            timings=Timings(load=round(loaded - started, 3), render=round(ended - loaded, 3)),
            notes=tuple(f"unit {name} saw no strokes and was left out" for name in silent),
        )

    def _with_second_try(self, job: Job, draw: Callable[[], Image.Image]) -> Image.Image:
        """`draw`, and once more when memory ran out and something could be let go of."""
        name = job.recipe.base_model.name
        with _translated(job):
            try:
                return draw()
            except torch.OutOfMemoryError:
                self._stock.evict()
            try:
                return draw()
            except torch.OutOfMemoryError as error:
                raise EngineError(
                    f"the device has too little memory for {name} at {job.recipe.width} x"
                    f" {job.recipe.height}, also with everything else let go: make the picture"
                    " smaller or choose a smaller base model"
                ) from error

    def _models(self, job: Job) -> _Models:
        """Every model of the job. Raises NotFound, DamagedModel, and UnfitModel for a ControlNet
        or LoRA of another family than the base model's."""
        recipe, find = job.recipe, self._catalogue.find
        checkpoint = find("checkpoint", recipe.base_model)
        nets = [(unit, find("controlnet", unit.model)) for unit in recipe.control_units]
        loras = [(find("lora", use.model), use.weight) for use in job.loras if use.weight]
        plugged = [model for unit, model in nets if unit.active] + [model for model, _ in loras]
        for model in plugged:
            if model.family not in (checkpoint.family, "unknown"):
                raise UnfitModel(
                    f"{model.kind} {model.name!r} is made for {model.family}, base model"
                    f" {checkpoint.name!r} is {checkpoint.family}: choose one of its family"
                )
        return _Models(
            checkpoint=checkpoint,
            vae=None if recipe.vae is None else find("vae", recipe.vae),
            loras=tuple(loras),
            nets=tuple((unit, model) for unit, model in nets if unit.active),
        )

    def _map(
        self,
        unit: ControlUnit,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        size: Size,
    ) -> Image.Image | None:
        make = partial(control_map, unit, job, base, doodle, size)
        return self._stock.maps.get(map_key(unit, job, size), make)

    def _drawn(
        self,
        job: Job,
        models: _Models,
        parts: BaseModel,
        units_at: UnitsAt,
        start: Image.Image,
        hooks: Hooks,
    ) -> Image.Image:
        pipe = pipelines.pipeline(parts, job, ())
        eyes = (models.vae or models.checkpoint).sha256
        with parts.loras.plugged(pipe, models.loras, self._stock.lora_files):
            embeddings = self._embeddings(job, models, parts)
            passes = Passes(self._stock, parts, eyes, job, units_at, embeddings, hooks)
            return passes.picture(start)

    def _embeddings(self, job: Job, models: _Models, parts: BaseModel) -> prompts.Embeddings:
        """Both prompts as the text encoder hears them; LoRAs may have changed its hearing."""
        skip = job.recipe.clip_skip
        loras = tuple((model.sha256, weight) for model, weight in models.loras)
        key = (models.checkpoint.sha256, job.prompt, job.negative_prompt, skip, loras)
        spoken, unspoken = (
            read_prompt(text).fragments for text in (job.prompt, job.negative_prompt)
        )
        return self._stock.embeddings.get(
            key, lambda: prompts.encode(parts.tokenizer, parts.text_encoder, spoken, unspoken, skip)
        )


def _device(wanted: str) -> torch.device:
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@contextmanager
def _translated(job: Job) -> Iterator[None]:
    """The one boundary where diffusers' and torch's errors become ours."""
    name = job.recipe.base_model.name
    try:
        yield
    except BrokenLatents as error:
        raise EngineError(
            f"recipe {job.letter} made no picture: the numbers overflowed in {name}; lower its"
            " guidance scale and LoRA weights, or run the engine in full precision"
        ) from error
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EngineError(f"rendering with {name} failed: {reason}") from error
