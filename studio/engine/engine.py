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

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.device_errors import ran_out_of_memory, translated
from studio.engine.diffusion import pipeline as pipelines
from studio.engine.diffusion.latents import NonFiniteLatentsError
from studio.engine.diffusion.passes import ControlUnitsForSize, PassRunner, Size
from studio.engine.diffusion.pipeline import ActiveControlUnit, RenderCallbacks
from studio.engine.diffusion.schedulers import schedule_notes
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.library_logging import silence_library_logging
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.resolve import ResolvedModels, resolve_models
from studio.engine.memory.device_transfer import HasModules
from studio.engine.memory.model_cache import CacheLimits, ModelCache
from studio.engine.memory.tiered_cache import ModelMover
from studio.engine.options import (
    EngineOptions,
    device_name,
    precision_name,
    resolve_device,
    resolve_dtype,
)
from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.errors import RenderError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.resize import resize_to
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.job import RenderJob, Timings, UsedModel
from studio.recipes.generation.prompt_syntax import parse_prompt
from studio.recipes.generation.recipe import ControlUnit, Recipe
from studio.settings import bundled_path

log = logging.getLogger(__name__)


class _Output(NamedTuple):
    image: Image.Image
    embeddings: PromptEmbeddings
    notes: tuple[Message, ...]


class Engine:
    """Renders one job at a time on one device. Not thread-safe: one lane owns it."""

    def __init__(
        self,
        catalog: ModelCatalog,
        device: str = "auto",
        limits: CacheLimits | None = None,
        configurations: Path | None = None,
        ways: EngineOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
        placement: ModelMover[HasModules] | None = None,
    ) -> None:
        """`configurations` is where single-file models' are, the product's own if None. A job's
        deadline is taken by `clock`, in seconds from any start; `placement` moves models to the device
        and back, torch's way if None."""
        self._catalog = catalog
        self.device = resolve_device(device)
        self._options = ways or EngineOptions()
        self._clock = clock
        self._dtype = resolve_dtype(self.device, self._options.precision)
        self._configurations = BundledConfigs(
            configurations or bundled_path("assets") / "configurations"
        )
        compiled = self._options.compile and not self._options.disable_approximations
        self._model_cache = ModelCache(
            self.device, limits or CacheLimits(), self._configurations, compiled, placement
        )
        silence_library_logging()
        named = device_name(self.device), precision_name(self._dtype), torch.__version__
        log.info("drawing on %s in %s, with torch %s", *named)

    def status(self) -> EngineStats:
        """What is where, hits, misses and bytes."""
        return self._model_cache.status()

    def unload_all(self) -> None:
        """Drops everything that is kept: models in both tiers, and what was computed once."""
        self._model_cache.evict_unused()

    def render(
        self,
        job: RenderJob,
        base: Image.Image,
        doodle: Image.Image | None,
        watch: RenderListener | None = None,
    ) -> RenderResult:
        """The picture of `job`. `base` and `doodle` come apart and are laid together here.

        Raises NotFound, UnfitModel or DamagedModel before any work is done, Cancelled within
        a step of the watch saying so, DeadlinePassed likewise, NoRoom where a model finds no
        memory, DeviceLost where the process must end, EngineError when rendering itself fails.
        """
        return self.render_batch((job,), base, doodle, (watch or RenderListener(),))[0]

    @torch.no_grad()
    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image,
        doodle: Image.Image | None,
        watches: Sequence[RenderListener],
    ) -> tuple[RenderResult, ...]:
        """The pictures of jobs that `planning.batches` puts together, drawn as one batch.

        On a graphics card that is quicker than one by one; the pictures differ in the last bits
        from those drawn alone. Raises as `render` does, and EngineError where the prompts are of
        different lengths: draw them one by one then.
        """
        limit = self._options.job_timeout_seconds
        deadline = None if limit is None else self._clock() + limit * len(jobs)
        reporters = zip((job.slot for job in jobs), watches, strict=True)
        hooks = RenderCallbacks(tuple(reporters), deadline, self._clock)
        jobs, notes = self._without_approximations(jobs)
        needs = resolve_models(self._catalog, self._configurations, jobs[0])
        group = _JobBatch(jobs, needs, base, doodle, hooks)
        try:
            rendered = self._render_batch(group, self._dtype)
        except NonFiniteLatentsError as error:
            if self._dtype == torch.float32:
                raise _overflow_error(jobs) from error
            try:
                rendered = self._render_batch(group, torch.float32)
            except NonFiniteLatentsError as again:
                raise _overflow_error(jobs) from again
            notes = (*notes, message("engine.half_precision_overflowed"))
        return tuple(replace(each, notes=notes + each.notes) for each in rendered)

    def _without_approximations(
        self, jobs: Sequence[RenderJob]
    ) -> tuple[Sequence[RenderJob], tuple[Message, ...]]:
        """The jobs without approximations, where the engine is to be exact."""
        if not self._options.disable_approximations or jobs[0].recipe.deepcache_interval == 1:
            return jobs, ()
        plain = [
            job.model_copy(
                update={"recipe": job.recipe.model_copy(update={"deepcache_interval": 1})}
            )
            for job in jobs
        ]
        return plain, (message("engine.deep_cache_left_out"),)

    def _render_batch(self, group: "_JobBatch", dtype: torch.dtype) -> list[RenderResult]:
        """The pictures with weights of `dtype`. Raises BrokenLatents."""
        with translated(group.recipe.base_model.name):
            return self._load_components(group, dtype)

    def _load_components(self, group: "_JobBatch", dtype: torch.dtype) -> list[RenderResult]:
        started = time.perf_counter()
        needs, size = group.needs, group.size
        speaking = tuple(
            (unit, model)
            for unit, model in needs.controlnets
            if self._cached_control_map(unit, group, size) is not None
        )
        silent = [model.name for unit, model in needs.controlnets if (unit, model) not in speaking]
        on_loading = group.hooks.on_loading
        with ExitStack() as pins:
            parts = pins.enter_context(
                self._model_cache.base_model(needs.checkpoint, dtype, on_loading)
            )
            if needs.vae is not None:
                precise = torch.float32 if parts.dialect.may_upcast_vae else dtype
                vae = pins.enter_context(self._model_cache.vae(needs.vae, precise, on_loading))
                parts = parts.with_vae(vae)
            wanted = [model for _, model in speaking]
            nets = pins.enter_context(self._model_cache.controlnets(wanted, dtype, on_loading))
            loaded = time.perf_counter()

            def units_at(page: Size) -> list[ActiveControlUnit]:
                maps = [self._cached_control_map(unit, group, page) for unit, _ in speaking]
                plugs = zip(speaking, nets, maps, strict=True)
                return [
                    ActiveControlUnit(unit, net, shown) for (unit, _), net, shown in plugs if shown
                ]

            draw = partial(self._run_passes, group, parts, units_at)
            drawn = self._retry_after_oom(group, draw)
        ended = time.perf_counter()
        count = len(group.jobs)
        timings = Timings(
            load_seconds=round((loaded - started) / count, 3),
            render_seconds=round((ended - loaded) / count, 3),
        )
        used = tuple(UsedModel(kind=m.kind, name=m.name, sha256=m.sha256) for m in needs.active_models(speaking))  # fmt: skip
        notes = [
            *needs.notes,
            *schedule_notes(parts.scheduler, group.recipe.sampler, parts.dialect.is_flow_matching),
            *(message("engine.unit_left_out", name=name) for name in silent),
        ]
        if count > 1:
            notes.append(message("engine.drawn_in_batch", count=count))
        return [
            RenderResult(
                each.image,
                used,
                timings,
                (*notes, *each.notes, *each.embeddings.notes),
                each.embeddings.token_count,
            )
            for each in drawn
        ]

    def _retry_after_oom(
        self, group: "_JobBatch", draw: Callable[[], list[_Output]]
    ) -> list[_Output]:
        """`draw`, and once more when memory ran out and the device could be cleared."""
        try:
            return draw()
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
        # Outside of `except`, where what the failed try had allocated is free again.
        self._model_cache.clear_device()
        try:
            return draw()
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
            name, (width, height) = group.recipe.base_model.name, group.size
            raise RenderError(
                "engine.device_out_of_memory", name=name, width=width, height=height
            ) from error

    def _cached_control_map(
        self, unit: ControlUnit, group: "_JobBatch", size: Size
    ) -> Image.Image | None:
        job = group.jobs[0]
        make = partial(make_control_map, unit, job, group.base_image, group.doodle, size)
        return self._model_cache.control_maps.get_or_create(control_map_key(unit, job, size), make)

    def _run_passes(
        self, group: "_JobBatch", parts: LoadedBaseModel, units_at: ControlUnitsForSize
    ) -> list[_Output]:
        needs = group.needs
        start = resize_to(overlay_doodle(group.base_image, group.doodle), group.size, "Just Resize")
        # All that a picture's latents depend on beside the picture.
        eyes = (
            (needs.vae or needs.checkpoint).sha256,
            parts.latent_scale,
            parts.vae.dtype,
            parts.dtype,
        )
        pipe = pipelines.build_pipeline(parts, group.jobs[0])
        with parts.lora_pool.activated(pipe, needs.loras, self._model_cache.lora_files):
            heard = [self._embeddings(job, needs, parts) for job in group.jobs]
            told = PromptEmbeddings.concat(heard)
            passes = PassRunner(
                self._model_cache, parts, eyes, group.jobs, units_at, told, group.hooks
            )
            images = passes.run(start)
        return [_Output(*each, passes.notes) for each in zip(images, heard, strict=True)]

    def _embeddings(
        self, job: RenderJob, needs: ResolvedModels, parts: LoadedBaseModel
    ) -> PromptEmbeddings:
        """Both prompts as the text encoder hears them; LoRAs may have changed its hearing."""
        skip = job.recipe.clip_skip
        loras = tuple((model.sha256, weight) for model, weight in needs.loras)
        asked = (job.prompt, job.negative_prompt, skip, loras)
        key = (needs.checkpoint.sha256, parts.dtype, asked)
        spoken, unspoken = (
            parse_prompt(text).fragments for text in (job.prompt, job.negative_prompt)
        )
        return self._model_cache.embeddings.get_or_create(
            key, lambda: parts.dialect.encode_prompts(parts, spoken, unspoken, skip)
        )


@dataclass(frozen=True)
class _JobBatch:
    """Jobs drawn at once, mostly one alone: the first speaks for all but prompts and seeds."""

    jobs: Sequence[RenderJob]
    needs: ResolvedModels
    base_image: Image.Image
    doodle: Image.Image | None
    hooks: RenderCallbacks

    @property
    def recipe(self) -> Recipe:
        return self.jobs[0].recipe

    @property
    def size(self) -> Size:
        return self.recipe.width, self.recipe.height


def _overflow_error(jobs: Sequence[RenderJob]) -> RenderError:
    return RenderError(
        "engine.numbers_overflowed",
        slots=[job.slot for job in jobs],
        name=jobs[0].recipe.base_model.name,
    )
