"""Renders a batch of jobs with the cached models, attaching all else for the time of the render."""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import torch
from diffusers import ControlNetModel
from PIL import Image

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.device_errors import is_out_of_memory, map_backend_errors
from studio.engine.diffusion.latents import VaeOverflows
from studio.engine.diffusion.passes import PassRunner, Size
from studio.engine.diffusion.pipeline import ActiveControlUnit, build_pipeline
from studio.engine.diffusion.schedulers import schedule_notes
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.job_batch import JobBatch
from studio.engine.loading.resolve import UnitModels
from studio.engine.memory.model_cache import ModelCache
from studio.engine.results import RenderResult
from studio.errors import RenderError
from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob, Timings, UsedModel
from studio.recipes.generation.prompt_syntax import parse_prompt
from studio.recipes.generation.recipe import ControlUnit


class _AcquiredModels(NamedTuple):
    """The models of a batch, pinned on the device."""

    base_model: LoadedBaseModel
    controlnets: Sequence[tuple[ControlUnit, ControlNetModel]]


class _Output(NamedTuple):
    """What the passes make of one job."""

    image: Image.Image
    embeddings: PromptEmbeddings
    notes: tuple[Message, ...]


class BatchRenderer:
    """Renders one batch; a new one for each."""

    def __init__(
        self, model_cache: ModelCache, batch: JobBatch, vae_overflows: VaeOverflows
    ) -> None:
        self._model_cache, self._batch = model_cache, batch
        self._vae_overflows = vae_overflows

    def render(self, dtype: torch.dtype) -> list[RenderResult]:
        """Renders the batch with weights of `dtype`; a result for each job.

        Raises NonFiniteLatentsError on overflow, and what `Engine.render` raises after its checks.
        """
        batch = self._batch
        with map_backend_errors(batch.recipe.base_model.name):
            started_at = time.perf_counter()
            active_units = tuple(
                (unit, model)
                for unit, model in batch.models.controlnets
                if self._cached_control_map(unit, batch.size) is not None
            )
            with self._acquired_models(active_units, dtype) as (base_model, controlnets):
                loaded_at = time.perf_counter()
                outputs = self._retry_after_oom(partial(self._run_passes, base_model, controlnets))
            finished_at = time.perf_counter()
            timings = Timings(
                load_seconds=round((loaded_at - started_at) / len(batch.jobs), 3),
                render_seconds=round((finished_at - loaded_at) / len(batch.jobs), 3),
            )
            return _make_results(batch, active_units, base_model, outputs, timings)

    @contextmanager
    def _acquired_models(
        self, active_units: UnitModels, dtype: torch.dtype
    ) -> Iterator[_AcquiredModels]:
        """Everything the batch needs, pinned on the device for the block."""
        models, on_loading = self._batch.models, self._batch.callbacks.on_loading
        with ExitStack() as pins:
            base_model = pins.enter_context(
                self._model_cache.base_model(models.checkpoint, dtype, on_loading)
            )
            if models.vae is not None:
                vae_dtype = torch.float32 if models.upcast_vae else dtype
                vae = pins.enter_context(self._model_cache.vae(models.vae, vae_dtype, on_loading))
                base_model = base_model.with_vae(vae)
            controlnets = pins.enter_context(
                self._model_cache.controlnets(
                    [model for _, model in active_units], dtype, on_loading
                )
            )
            units = (unit for unit, _ in active_units)
            yield _AcquiredModels(base_model, list(zip(units, controlnets, strict=True)))

    def _retry_after_oom(self, func: Callable[[], list[_Output]]) -> list[_Output]:
        """Calls `func`, and once more with a cleared device if it runs out of memory.

        Raises RenderError when there is too little memory again.
        """
        try:
            return func()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside of `except`: only here is the memory of the failed attempt free again.
        self._model_cache.clear_device()
        try:
            return func()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            name, (width, height) = self._batch.recipe.base_model.name, self._batch.size
            raise RenderError(
                "engine.device_out_of_memory", name=name, width=width, height=height
            ) from error

    def _run_passes(
        self,
        base_model: LoadedBaseModel,
        controlnets: Sequence[tuple[ControlUnit, ControlNetModel]],
    ) -> list[_Output]:
        """Encodes the prompts and runs all passes, with the LoRAs activated."""
        batch, models = self._batch, self._batch.models
        init_image = batch.init_image()
        pipe = build_pipeline(base_model, batch.jobs[0])
        with base_model.lora_pool.activated(pipe, models.loras, self._model_cache.lora_files):
            embeddings = [self._encode_prompts(job, base_model) for job in batch.jobs]
            runner = PassRunner(
                self._model_cache,
                base_model,
                self._vae_cache_key(base_model),
                batch.jobs,
                partial(self._units_for_size, controlnets),
                PromptEmbeddings.concat(embeddings),
                batch.callbacks,
                self._vae_overflows,
            )
            images = runner.run(init_image)
        return [
            _Output(image, job_embeddings, runner.notes)
            for image, job_embeddings in zip(images, embeddings, strict=True)
        ]

    def _vae_cache_key(self, base_model: LoadedBaseModel) -> Hashable:
        """Everything but the image that its latents depend on."""
        vae = self._batch.models.vae or self._batch.models.checkpoint
        return vae.sha256, base_model.latent_scale, base_model.vae.dtype, base_model.dtype

    def _encode_prompts(self, job: RenderJob, base_model: LoadedBaseModel) -> PromptEmbeddings:
        """Both prompts of a job, cached. LoRAs may change the text encoder: they are in the key."""
        models, clip_skip = self._batch.models, job.recipe.clip_skip
        loras = tuple((model.sha256, weight) for model, weight in models.loras)
        inputs = (job.prompt, job.negative_prompt, clip_skip, loras)
        positive = parse_prompt(job.prompt).fragments
        negative = parse_prompt(job.negative_prompt).fragments
        return self._model_cache.embeddings.get_or_create(
            (models.checkpoint.sha256, base_model.dtype, inputs),
            lambda: base_model.family.encode_prompts(base_model, positive, negative, clip_skip),
        )

    def _units_for_size(
        self, controlnets: Sequence[tuple[ControlUnit, ControlNetModel]], size: Size
    ) -> list[ActiveControlUnit]:
        """The units with their control maps at `size`; without those whose map is empty there."""
        units = []
        for unit, controlnet in controlnets:
            control_map = self._cached_control_map(unit, size)
            if control_map is not None:
                units.append(ActiveControlUnit(unit, controlnet, control_map))
        return units

    def _cached_control_map(self, unit: ControlUnit, size: Size) -> Image.Image | None:
        batch, job = self._batch, self._batch.jobs[0]
        return self._model_cache.control_maps.get_or_create(
            control_map_key(unit, job, size),
            lambda: make_control_map(unit, job, batch.base_image, batch.doodle, size),
        )


def _make_results(
    batch: JobBatch,
    active_units: UnitModels,
    base_model: LoadedBaseModel,
    outputs: Sequence[_Output],
    timings: Timings,
) -> list[RenderResult]:
    """The outputs with the models that took part and all notes."""
    models = tuple(
        UsedModel(kind=model.kind, name=model.name, sha256=model.sha256)
        for model in batch.models.active_models(active_units)
    )
    notes = _batch_notes(batch, active_units, base_model)
    return [
        RenderResult(
            output.image,
            models,
            timings,
            (*notes, *output.notes, *output.embeddings.notes),
            output.embeddings.token_count,
        )
        for output in outputs
    ]


def _batch_notes(
    batch: JobBatch, active_units: UnitModels, base_model: LoadedBaseModel
) -> list[Message]:
    """Warnings that hold for every job of the batch."""
    sampler, is_flow_matching = batch.recipe.sampler, base_model.family.is_flow_matching
    inactive_units = [unit for unit in batch.models.controlnets if unit not in active_units]
    notes = [
        *batch.models.notes,
        *schedule_notes(base_model.scheduler, sampler, is_flow_matching),
        *(message("engine.unit_left_out", name=model.name) for _, model in inactive_units),
    ]
    if len(batch.jobs) > 1:
        notes.append(message("engine.drawn_in_batch", count=len(batch.jobs)))
    return notes
