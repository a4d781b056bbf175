"""One job becomes one picture: shared modules, a throw-away pipeline, everything else plugged in."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from studio.engine import pipelines
from studio.engine.conditioning import control_map, map_key
from studio.engine.configurations import Configurations
from studio.engine.dialect import BaseModel, Embeddings
from studio.engine.failures import ran_out_of_memory, translated
from studio.engine.latents import BrokenLatents
from studio.engine.needs import Needs, find_needs
from studio.engine.passes import Passes, Size, UnitsAt
from studio.engine.pipelines import Hooks, Unit
from studio.engine.placement import Movable
from studio.engine.quiet import quiet_libraries
from studio.engine.rendered import Rendered, Watch
from studio.engine.residency import Placement
from studio.engine.schedulers import schedule_notes
from studio.engine.status import EngineStatus
from studio.engine.stock import Limits, Stock
from studio.engine.ways import Ways, chosen_device, chosen_dtype, device_name, precision_name
from studio.errors import EngineError
from studio.imaging.compose import composite
from studio.imaging.fitting import fit
from studio.library.catalogue import Catalogue
from studio.messages import Message, message
from studio.recipes.promptsyntax import read_prompt
from studio.recipes.recipe import ControlUnit, Recipe
from studio.recipes.request import Job, Timings, UsedModel
from studio.settings import shipped

log = logging.getLogger(__name__)


class _Drawn(NamedTuple):
    picture: Image.Image
    heard: Embeddings
    notes: tuple[Message, ...]


class Engine:
    """Renders one job at a time on one device. Not thread-safe: one lane owns it."""

    def __init__(
        self,
        catalogue: Catalogue,
        device: str = "auto",
        limits: Limits | None = None,
        configurations: Path | None = None,
        ways: Ways | None = None,
        clock: Callable[[], float] = time.monotonic,
        placement: Placement[Movable] | None = None,
    ) -> None:
        """`configurations` is where single-file models' are, the product's own if None. A job's
        deadline is taken by `clock`, in seconds from any start; `placement` moves models to the device
        and back, torch's way if None."""
        self._catalogue = catalogue
        self.device = chosen_device(device)
        self._ways = ways or Ways()
        self._clock = clock
        self._dtype = chosen_dtype(self.device, self._ways.precision)
        self._configurations = Configurations(
            configurations or shipped("assets") / "configurations"
        )
        compiled = self._ways.compile and not self._ways.exact
        self._stock = Stock(
            self.device, limits or Limits(), self._configurations, compiled, placement
        )
        quiet_libraries()
        named = device_name(self.device), precision_name(self._dtype), torch.__version__
        log.info("drawing on %s in %s, with torch %s", *named)

    def status(self) -> EngineStatus:
        """What is where, hits, misses and bytes."""
        return self._stock.status()

    def let_go(self) -> None:
        """Drops everything that is kept: models in both tiers, and what was computed once."""
        self._stock.evict()

    def render(
        self,
        job: Job,
        base: Image.Image,
        doodle: Image.Image | None,
        watch: Watch | None = None,
    ) -> Rendered:
        """The picture of `job`. `base` and `doodle` come apart and are laid together here.

        Raises NotFound, UnfitModel or DamagedModel before any work is done, Cancelled within
        a step of the watch saying so, DeadlinePassed likewise, NoRoom where a model finds no
        memory, DeviceLost where the process must end, EngineError when rendering itself fails.
        """
        return self.render_together((job,), base, doodle, (watch or Watch(),))[0]

    @torch.no_grad()
    def render_together(
        self,
        jobs: Sequence[Job],
        base: Image.Image,
        doodle: Image.Image | None,
        watches: Sequence[Watch],
    ) -> tuple[Rendered, ...]:
        """The pictures of jobs that `planning.batches` puts together, drawn as one batch.

        On a graphics card that is quicker than one by one; the pictures differ in the last bits
        from those drawn alone. Raises as `render` does, and EngineError where the prompts are of
        different lengths: draw them one by one then.
        """
        limit = self._ways.job_seconds
        deadline = None if limit is None else self._clock() + limit * len(jobs)
        reporters = zip((job.letter for job in jobs), watches, strict=True)
        hooks = Hooks(tuple(reporters), deadline, self._clock)
        jobs, notes = self._exact(jobs)
        needs = find_needs(self._catalogue, self._configurations, jobs[0])
        group = _Group(jobs, needs, base, doodle, hooks)
        try:
            rendered = self._rendered(group, self._dtype)
        except BrokenLatents as error:
            if self._dtype == torch.float32:
                raise _overflow(jobs) from error
            try:
                rendered = self._rendered(group, torch.float32)
            except BrokenLatents as again:
                raise _overflow(jobs) from again
            notes = (*notes, message("engine.half_precision_overflowed"))
        return tuple(replace(each, notes=notes + each.notes) for each in rendered)

    def _exact(self, jobs: Sequence[Job]) -> tuple[Sequence[Job], tuple[Message, ...]]:
        """The jobs without approximations, where the engine is to be exact."""
        if not self._ways.exact or jobs[0].recipe.deep_cache == 1:
            return jobs, ()
        plain = [
            job.model_copy(update={"recipe": job.recipe.model_copy(update={"deep_cache": 1})})
            for job in jobs
        ]
        return plain, (message("engine.deep_cache_left_out"),)

    def _rendered(self, group: "_Group", dtype: torch.dtype) -> list[Rendered]:
        """The pictures with weights of `dtype`. Raises BrokenLatents."""
        with translated(group.recipe.base_model.name):
            return self._made(group, dtype)

    def _made(self, group: "_Group", dtype: torch.dtype) -> list[Rendered]:
        started = time.perf_counter()
        needs, size = group.needs, group.size
        speaking = tuple(
            (unit, model) for unit, model in needs.nets if self._map(unit, group, size) is not None
        )
        silent = [model.name for unit, model in needs.nets if (unit, model) not in speaking]
        on_loading = group.hooks.loading
        with ExitStack() as pins:
            parts = pins.enter_context(self._stock.base_model(needs.checkpoint, dtype, on_loading))
            if needs.vae is not None:
                precise = torch.float32 if parts.dialect.careful_vae else dtype
                vae = pins.enter_context(self._stock.vae(needs.vae, precise, on_loading))
                parts = parts.with_vae(vae)
            wanted = [model for _, model in speaking]
            nets = pins.enter_context(self._stock.controlnets(wanted, dtype, on_loading))
            loaded = time.perf_counter()

            def units_at(page: Size) -> list[Unit]:
                maps = [self._map(unit, group, page) for unit, _ in speaking]
                plugs = zip(speaking, nets, maps, strict=True)
                return [Unit(unit, net, shown) for (unit, _), net, shown in plugs if shown]

            draw = partial(self._drawn, group, parts, units_at)
            drawn = self._with_second_try(group, draw)
        ended = time.perf_counter()
        count = len(group.jobs)
        timings = Timings(
            load=round((loaded - started) / count, 3), render=round((ended - loaded) / count, 3)
        )
        used = tuple(UsedModel(kind=m.kind, name=m.name, sha256=m.sha256) for m in needs.used(speaking))  # fmt: skip
        notes = [
            *needs.notes,
            *schedule_notes(parts.scheduler, group.recipe.sampler, parts.dialect.flow),
            *(message("engine.unit_left_out", name=name) for name in silent),
        ]
        if count > 1:
            notes.append(message("engine.drawn_in_batch", count=count))
        return [
            Rendered(
                each.picture,
                used,
                timings,
                (*notes, *each.notes, *each.heard.notes),
                each.heard.tokens,
            )
            for each in drawn
        ]

    def _with_second_try(self, group: "_Group", draw: Callable[[], list[_Drawn]]) -> list[_Drawn]:
        """`draw`, and once more when memory ran out and the device could be cleared."""
        try:
            return draw()
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
        # Outside of `except`, where what the failed try had allocated is free again.
        self._stock.clear_device()
        try:
            return draw()
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
            name, (width, height) = group.recipe.base_model.name, group.size
            raise EngineError(
                "engine.device_out_of_memory", name=name, width=width, height=height
            ) from error

    def _map(self, unit: ControlUnit, group: "_Group", size: Size) -> Image.Image | None:
        job = group.jobs[0]
        make = partial(control_map, unit, job, group.base, group.doodle, size)
        return self._stock.maps.get(map_key(unit, job, size), make)

    def _drawn(self, group: "_Group", parts: BaseModel, units_at: UnitsAt) -> list[_Drawn]:
        needs = group.needs
        start = fit(composite(group.base, group.doodle), group.size, "Just Resize")
        # All that a picture's latents depend on beside the picture.
        eyes = ((needs.vae or needs.checkpoint).sha256, parts.scale, parts.vae.dtype, parts.dtype)
        pipe = pipelines.pipeline(parts, group.jobs[0])
        with parts.loras.plugged(pipe, needs.loras, self._stock.lora_files):
            heard = [self._embeddings(job, needs, parts) for job in group.jobs]
            told = Embeddings.together(heard)
            passes = Passes(self._stock, parts, eyes, group.jobs, units_at, told, group.hooks)
            pictures = passes.pictures(start)
        return [_Drawn(*each, passes.notes) for each in zip(pictures, heard, strict=True)]

    def _embeddings(self, job: Job, needs: Needs, parts: BaseModel) -> Embeddings:
        """Both prompts as the text encoder hears them; LoRAs may have changed its hearing."""
        skip = job.recipe.clip_skip
        loras = tuple((model.sha256, weight) for model, weight in needs.loras)
        asked = (job.prompt, job.negative_prompt, skip, loras)
        key = (needs.checkpoint.sha256, parts.dtype, asked)
        spoken, unspoken = (
            read_prompt(text).fragments for text in (job.prompt, job.negative_prompt)
        )
        return self._stock.embeddings.get(
            key, lambda: parts.dialect.speak(parts, spoken, unspoken, skip)
        )


@dataclass(frozen=True)
class _Group:
    """Jobs drawn at once, mostly one alone: the first speaks for all but prompts and seeds."""

    jobs: Sequence[Job]
    needs: Needs
    base: Image.Image
    doodle: Image.Image | None
    hooks: Hooks

    @property
    def recipe(self) -> Recipe:
        return self.jobs[0].recipe

    @property
    def size(self) -> Size:
        return self.recipe.width, self.recipe.height


def _overflow(jobs: Sequence[Job]) -> EngineError:
    return EngineError(
        "engine.numbers_overflowed",
        slots=[job.letter for job in jobs],
        name=jobs[0].recipe.base_model.name,
    )
