"""Renders a batch of jobs with the cached models, attaching all else for the time of the render."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import torch
from diffusers import ControlNetModel
from PIL import Image

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.device_errors import is_out_of_memory, map_backend_errors
from studio.engine.diffusion.channels_last import use_channels_last
from studio.engine.diffusion.passes import PassRunner, Size
from studio.engine.diffusion.pipeline import ActiveControlUnit, build_pipeline
from studio.engine.diffusion.schedulers import schedule_notes
from studio.engine.diffusion.step_graphs import GraphContext
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

    def __init__(self, model_cache: ModelCache, batch: JobBatch) -> None:
        self._model_cache, self._batch = model_cache, batch

    def render(self, dtype: torch.dtype) -> list[RenderResult]:
        """Renders the batch with weights of `dtype`; a result for each job.

        Raises NonFiniteLatentsError on overflow, and what `Engine.render` raises after its checks.
        """
        batch = self._batch
        with map_backend_errors(batch.recipe.base_model.name):
            started_at = time.perf_counter()
            maps = [self._control_maps(unit, batch.size) for unit, _ in batch.models.controlnets]
            active_units = _units_with_map(batch, map(any, maps))
            with self._acquired_models(active_units, dtype) as (base_model, controlnets):
                loaded_at = time.perf_counter()
                _optimize_layout(base_model, [controlnet for _, controlnet in controlnets])
                outputs = self._retry_after_oom(partial(self._run_passes, base_model, controlnets))
            finished_at = time.perf_counter()
            timings = Timings(
                load_seconds=round((loaded_at - started_at) / len(batch.jobs), 3),
                render_seconds=round((finished_at - loaded_at) / len(batch.jobs), 3),
            )
            units_of_jobs = [
                _units_with_map(batch, (of_jobs[index] for of_jobs in maps))
                for index in range(len(batch.jobs))
            ]
            return _make_results(batch, units_of_jobs, base_model, outputs, timings)

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
                vae_dtype = torch.float32 if base_model.family.may_upcast_vae else dtype
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
        init_images = batch.init_images()
        self._model_cache.graphs.take_notes()
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
                self._graph_context(controlnets, base_model.dtype),
            )
            images = runner.run(init_images)
        notes = (*runner.notes, *self._model_cache.graphs.take_notes())
        return [
            _Output(image, job_embeddings, notes)
            for image, job_embeddings in zip(images, embeddings, strict=True)
        ]

    def _vae_cache_key(self, base_model: LoadedBaseModel) -> Hashable:
        """Everything but the image that its latents depend on."""
        vae = self._batch.models.vae or self._batch.models.checkpoint
        return vae.sha256, base_model.latent_scale, base_model.vae.dtype, base_model.dtype

    def _graph_context(
        self, controlnets: Sequence[tuple[ControlUnit, ControlNetModel]], dtype: torch.dtype
    ) -> GraphContext:
        models = self._batch.models
        loras = tuple((model.sha256, weight) for model, weight in models.loras)
        units = tuple(unit.model for unit, _ in controlnets)
        return GraphContext(
            self._model_cache.graphs,
            (models.checkpoint.family, models.checkpoint.sha256, dtype, units, loras),
        )

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
        """The units with their control maps at `size`; without those whose maps are all empty there."""
        units = []
        for unit, controlnet in controlnets:
            maps = self._control_maps(unit, size)
            if any(maps):
                # A job whose map is empty has weight 0, which equals leaving the unit out.
                weights = [
                    self._batch.unit_of(index, unit).weight if control_map else 0.0
                    for index, control_map in enumerate(maps)
                ]
                images = [control_map or Image.new("RGB", size) for control_map in maps]
                same = all(image is images[0] for image in images)
                units.append(
                    ActiveControlUnit(unit, controlnet, images[:1] if same else images, weights)
                )
        return units

    def _control_maps(self, unit: ControlUnit, size: Size) -> list[Image.Image | None]:
        """The unit's control map for each job, cached; None where it is empty."""
        batch = self._batch
        return [
            self._model_cache.control_maps.get_or_create(
                control_map_key(unit, job, size),
                partial(make_control_map, unit, job, base_image, doodle, size),
            )
            for job, base_image, doodle in zip(
                batch.jobs, batch.base_images, batch.doodles, strict=True
            )
        ]


def _units_with_map(batch: JobBatch, has_map: Iterable[object]) -> UnitModels:
    """Those of the batch's units for which `has_map` is true."""
    return tuple(
        unit for unit, is_there in zip(batch.models.controlnets, has_map, strict=True) if is_there
    )


def _make_results(
    batch: JobBatch,
    units_of_jobs: Sequence[UnitModels],
    base_model: LoadedBaseModel,
    outputs: Sequence[_Output],
    timings: Timings,
) -> list[RenderResult]:
    """The outputs with the models that took part and all notes."""
    return [
        RenderResult(
            output.image,
            tuple(
                UsedModel(kind=model.kind, name=model.name, sha256=model.sha256)
                for model in batch.models.active_models(active_units)
            ),
            timings,
            (
                *_job_notes(batch, active_units, base_model),
                *output.notes,
                *output.embeddings.notes,
            ),
            output.embeddings.token_count,
        )
        for active_units, output in zip(units_of_jobs, outputs, strict=True)
    ]


def _optimize_layout(base_model: LoadedBaseModel, controlnets: Sequence[ControlNetModel]) -> None:
    """On CUDA: convolutions in the memory format that they are fastest in."""
    if base_model.vae.device.type == "cuda":
        for module in (base_model.denoiser, base_model.vae, *controlnets):
            use_channels_last(module)


def _job_notes(
    batch: JobBatch, active_units: UnitModels, base_model: LoadedBaseModel
) -> list[Message]:
    """Warnings for one job of the batch, of whose units these are active."""
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
