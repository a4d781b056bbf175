"""Renders jobs on one device: resolves their models, and falls back to fp32 when fp16 overflows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from studio.engine.batch_renderer import BatchRenderer
from studio.engine.devices import describe_device, log_device, resolve_device
from studio.engine.diffusion.callbacks import RenderCallbacks
from studio.engine.diffusion.latents import NonFiniteLatentsError, VaeOverflows
from studio.engine.graphs.backend import GraphBackend
from studio.engine.graphs.cuda_graphs import CudaGraphBackend
from studio.engine.job_batch import JobBatch
from studio.engine.library_logging import silence_library_logging
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.resolve import resolve_models
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.memory.component import Component
from studio.engine.memory.device_ledger import DeviceLedger
from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.model_cache import ModelCache
from studio.engine.options import EngineOptions, resolve_batch_size, resolve_dtype
from studio.engine.preparation import Preparation
from studio.engine.results import RenderListener, RenderResult
from studio.engine.stats import EngineStats
from studio.errors import RenderError
from studio.messages import Message, message
from studio.models.catalog import ModelCatalog
from studio.recipes.generation.job import RenderJob
from studio.settings import bundled_path


class Engine:
    """Renders one job, or one batch of jobs, at a time on one device.

    Not thread-safe: one lane owns it. Only `prepare` and `prefetch` may be called by another thread
    meanwhile.
    """

    def __init__(
        self,
        catalog: ModelCatalog,
        device: str = "auto",
        limits: CacheLimits | None = None,
        config_dir: Path | None = None,
        options: EngineOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
        mover: DeviceTransfer | None = None,
        graph_backend: GraphBackend | None = None,
    ) -> None:
        """Args:
            catalog: where models are found by name.
            device: as `resolve_device` takes it.
            limits: limits of the caches.
            config_dir: configurations for single-file checkpoints; None: those that ship.
            options: precision, approximations and job timeout.
            clock: monotonic seconds, for the job timeout.
            mover: moves components to the device and back; None: by torch.
            graph_backend: records steps; None: CUDA graphs on CUDA, where the options have them.

        Raises RenderError when the device cannot be used.
        """
        self._catalog = catalog
        self.device = resolve_device(device)
        self._options = options or EngineOptions()
        self._clock = clock
        self._busy_seconds = 0.0
        self._dtype = resolve_dtype(
            self.device, self._options.precision, self._options.disable_approximations
        )
        self._configs = BundledConfigs(config_dir or bundled_path("assets") / "configurations")
        torch_compile = self._options.torch_compile and not self._options.disable_approximations
        if graph_backend is None and self.device.type == "cuda" and self._options.cuda_graphs:
            graph_backend = CudaGraphBackend(self.device)
        self._model_cache = ModelCache(
            self.device,
            limits or CacheLimits(),
            self._configs,
            torch_compile,
            mover,
            graph_backend,
        )
        self._preparation = Preparation(
            catalog, self._configs, self._model_cache, self.device, self._dtype
        )
        self._vae_overflows = VaeOverflows(not self._options.disable_approximations)
        silence_library_logging()
        self._device_info = describe_device(self.device, self._dtype, device)
        log_device(self._device_info)

    @property
    def device_type(self) -> str:
        """Torch's name of the device without its index: `cpu` or `cuda`."""
        return self.device.type

    def prepare(self, job: RenderJob, base: Image.Image, doodle: Image.Image | None) -> None:
        """Makes ahead what a job's render needs, as `Preparation.prepare` does.

        Also hashes its models where that has not been done. Raises NotFoundError,
        IncompatibleModelError, CorruptModelError, InvalidInputError and InsufficientMemoryError, as
        `render` will.
        """
        self._preparation.prepare(job, base, doodle)

    @property
    def max_batch_size(self) -> int:
        """How many jobs `render_batch` should be given at once; 1 where batches bring nothing."""
        return resolve_batch_size(self.device, self._options)

    def status(self) -> EngineStats:
        """Contents, hits and misses of every cache, and the device."""
        return replace(
            self._model_cache.status(), device=self._device_info, busy_seconds=self._busy_seconds
        )

    @property
    def ledger(self) -> DeviceLedger[Component]:
        """Every component of the models in RAM, and what of them is on the device."""
        return self._model_cache.ledger

    def unload_all(self) -> None:
        """Evicts every model from the device and from RAM, and clears all caches."""
        self._model_cache.evict_unused()

    def prefetch(self, job: RenderJob) -> None:
        """Reads the job's models into RAM, so that rendering it finds them there.

        LoRA files are not read.

        Raises what `render` raises before anything is on the device.
        """
        self._preparation.prefetch(job)

    def render(
        self,
        job: RenderJob,
        base: Image.Image,
        doodle: Image.Image | None,
        listener: RenderListener | None = None,
    ) -> RenderResult:
        """Renders one job.

        Args:
            job: the recipe with prompts and seed.
            base: the base image.
            doodle: RGBA of the base image's size, composited over it here; None: no doodle.
            listener: progress callbacks; its `should_cancel` is polled at each step.

        Raises NotFoundError, IncompatibleModelError and CorruptModelError, before anything is loaded
        where it can be known by then; JobCancelledError and JobTimeoutError within one step;
        InsufficientMemoryError; DeviceLostError when the process must end; RenderError for all else.
        """
        return self.render_batch((job,), base, doodle, (listener or RenderListener(),))[0]

    @torch.no_grad()
    def render_batch(
        self,
        jobs: Sequence[RenderJob],
        base: Image.Image | Sequence[Image.Image],
        doodle: Image.Image | Sequence[Image.Image | None] | None,
        listeners: Sequence[RenderListener],
    ) -> tuple[RenderResult, ...]:
        """Renders jobs that `planning.group_into_batches` puts together.

        On a graphics card this is faster than one by one; the images differ in the last bits from
        those rendered alone. Where a batch needs more memory than there is, its halves are rendered
        one after the other.

        Args:
            jobs: of one request, or of several.
            base: the base image, one for all jobs or one for each.
            doodle: as in `render`, one for all jobs or one for each.
            listeners: one for each job. The batch goes on while one job is not cancelled: whoever
                cancelled another throws its result away.

        Raises as `render` does, and RenderError when the lengths of the prompts have no common
        multiple that is worth it: such jobs must be rendered one by one.
        """
        callbacks = self._callbacks(jobs, listeners)
        jobs, notes = self._without_approximations(jobs)
        models = resolve_models(self._catalog, self._configs, jobs[0])
        bases = [base] * len(jobs) if isinstance(base, Image.Image) else base
        if doodle is None or isinstance(doodle, Image.Image):
            doodle = [doodle] * len(jobs)
        units = jobs[0].recipe.control_units
        batch = JobBatch(jobs, models, bases, doodle, units, callbacks)
        started_at = time.perf_counter()
        try:
            results, fallback_notes = self._render_with_fallback(batch)
        finally:
            self._busy_seconds += time.perf_counter() - started_at
        return tuple(
            replace(result, notes=notes + fallback_notes + result.notes) for result in results
        )

    def _callbacks(
        self, jobs: Sequence[RenderJob], listeners: Sequence[RenderListener]
    ) -> RenderCallbacks:
        """The jobs' listeners with their deadline, counted from now; a batch has that of all jobs."""
        timeout = self._options.job_timeout_seconds
        deadline = None if timeout is None else self._clock() + timeout * len(jobs)
        slots = [job.slot for job in jobs]
        return RenderCallbacks(tuple(zip(slots, listeners, strict=True)), deadline, self._clock)

    def _render_with_fallback(
        self, batch: JobBatch
    ) -> tuple[list[RenderResult], tuple[Message, ...]]:
        """Renders the batch, and once more in fp32 when half precision overflows.

        Returns the results and a note of the fallback. Raises RenderError when fp32 overflows, too.
        """
        renderer = BatchRenderer(self._model_cache, batch, self._vae_overflows)
        try:
            return renderer.render(self._dtype), ()
        except NonFiniteLatentsError as error:
            if self._dtype == torch.float32:
                raise _overflow_error(batch.jobs) from error
            try:
                results = renderer.render(torch.float32)
            except NonFiniteLatentsError as fp32_error:
                raise _overflow_error(batch.jobs) from fp32_error
            return results, (message("engine.half_precision_overflowed"),)

    def _without_approximations(
        self, jobs: Sequence[RenderJob]
    ) -> tuple[Sequence[RenderJob], tuple[Message, ...]]:
        """The jobs without DeepCache in exact mode, and a note of it."""
        if not self._options.disable_approximations or jobs[0].recipe.deepcache_interval == 1:
            return jobs, ()
        exact_jobs = [
            job.model_copy(
                update={"recipe": job.recipe.model_copy(update={"deepcache_interval": 1})}
            )
            for job in jobs
        ]
        return exact_jobs, (message("engine.deep_cache_left_out"),)


def _overflow_error(jobs: Sequence[RenderJob]) -> RenderError:
    return RenderError(
        "engine.numbers_overflowed",
        slots=[job.slot for job in jobs],
        name=jobs[0].recipe.base_model.name,
    )
