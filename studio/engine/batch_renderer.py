"""Renders a batch of jobs with the cached models, attaching all else for the time of the render."""

import time
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import torch
from diffusers import ControlNetModel
from PIL import Image

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.device_errors import map_backend_errors
from studio.engine.diffusion.latents import VaeOverflows
from studio.engine.diffusion.passes import PassRunner, Size, output_size
from studio.engine.diffusion.pipeline import ActiveControlUnit, build_pipeline
from studio.engine.diffusion.schedulers import schedule_notes
from studio.engine.diffusion.step_graphs import GraphContext
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.job_batch import JobBatch
from studio.engine.loading.resolve import UnitModels
from studio.engine.memory.activation_reserve import ActivationKey
from studio.engine.memory.job_memory import BatchTooLarge, JobMemory
from studio.engine.memory.model_cache import LoadedModels, ModelCache
from studio.engine.references.attention import references_plugged_in
from studio.engine.references.encoding import ReferenceParts, encode_references
from studio.engine.results import RenderResult
from studio.messages import Message, message
from studio.recipes.generation.job import RenderJob, Timings, UsedModel
from studio.recipes.generation.prompt_syntax import parse_prompt
from studio.recipes.generation.recipe import ControlUnit


class _Resources(NamedTuple):
    """What a batch is rendered with."""

    base_model: LoadedBaseModel
    controlnets: Sequence[tuple[ControlUnit, ControlNetModel]]
    memory: JobMemory
    references: Sequence[ReferenceParts]


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
            control_maps = [
                self._control_maps(batch, unit, batch.size) for unit, _ in batch.models.controlnets
            ]
            active_units = _units_with_map(batch, map(any, control_maps))
            controlnets = [model for _, model in active_units]
            with self._model_cache.models(
                batch.models, controlnets, dtype, batch.callbacks.on_loading
            ) as models:
                loaded_at = time.perf_counter()
                units = [unit for unit, _ in active_units]
                with self._job_memory(models) as memory:
                    controlnets_of_units = list(zip(units, models.controlnets, strict=True))
                    resources = _Resources(
                        models.base_model, controlnets_of_units, memory, models.references
                    )
                    outputs = self._render_in_parts(resources, batch)
            finished_at = time.perf_counter()
            load_seconds = loaded_at - started_at + memory.upload_seconds
            render_seconds = finished_at - loaded_at - memory.upload_seconds
            timings = Timings(
                load_seconds=round(load_seconds / len(batch.jobs), 3),
                render_seconds=round(render_seconds / len(batch.jobs), 3),
            )
            units_of_jobs = [
                _units_with_map(batch, (of_jobs[index] for of_jobs in control_maps))
                for index in range(len(batch.jobs))
            ]
            return _make_results(
                batch, units_of_jobs, models.base_model, outputs, timings, memory.notes
            )

    def _job_memory(self, models: LoadedModels) -> JobMemory:
        recipe, jobs = self._batch.recipe, self._batch.jobs
        width, height = output_size(recipe, models.base_model.family.size_multiple)
        family = self._batch.models.checkpoint.family
        activations = ActivationKey(family, width, height, len(jobs))
        return self._model_cache.job_memory(recipe.base_model.name, models, activations)

    def _render_in_parts(self, resources: _Resources, batch: JobBatch) -> list[_Output]:
        """Renders the batch at once, or in halves where memory demands it, now or for an earlier one."""
        memory, size = resources.memory, len(batch.jobs)
        if size <= memory.max_batch_size:
            memory.batch_size = size
            with suppress(BatchTooLarge):
                return memory.run("denoise", partial(self._run_passes, resources, batch))
        middle = size // 2
        return [
            output
            for part in (slice(middle), slice(middle, None))
            for output in self._render_in_parts(resources, batch.part(part))
        ]

    def _run_passes(self, resources: _Resources, batch: JobBatch) -> list[_Output]:
        """Encodes the prompts and runs all passes, with the LoRAs activated."""
        base_model, controlnets, memory, _ = resources
        init_images, graphs = batch.init_images(), self._model_cache.graphs
        masks = batch.masks(output_size(batch.recipe, base_model.family.size_multiple))
        graphs.start_render()
        pipe = build_pipeline(base_model, batch.jobs[0])
        loras, files = batch.models.loras, self._model_cache.lora_files
        with base_model.lora_pool.activated(pipe, loras, files, memory):
            embeddings = [self._encode_prompts(job, base_model, memory) for job in batch.jobs]
            references = encode_references(
                batch.jobs[0], resources.references, memory, self._model_cache.encoded_images
            )
            with memory.models(), references_plugged_in(base_model.denoiser, references):
                runner = PassRunner(
                    self._model_cache,
                    base_model,
                    self._vae_cache_key(base_model),
                    batch.jobs,
                    partial(self._units_for_size, batch, controlnets),
                    PromptEmbeddings.concat(embeddings),
                    batch.callbacks,
                    self._vae_overflows,
                    partial(memory.run, "vae"),
                    self._graph_context(controlnets, base_model.dtype),
                    masks,
                    batch.base_images,
                )
                images = runner.run(init_images)
        notes = (*runner.notes, *graphs.take_notes())
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
        references = tuple(
            (own.adapter.sha256, reference.purpose) for reference, own in models.references
        )
        return GraphContext(
            self._model_cache.graphs,
            (models.checkpoint.family, models.checkpoint.sha256, dtype, units, loras, references),
        )

    def _encode_prompts(
        self, job: RenderJob, base_model: LoadedBaseModel, memory: JobMemory
    ) -> PromptEmbeddings:
        """Both prompts of a job, cached: the text encoders are needed on a miss only.

        LoRAs may change the text encoders: they are in the key.
        """
        models, clip_skip = self._batch.models, job.recipe.clip_skip
        loras = tuple((model.sha256, weight) for model, weight in models.loras)
        inputs = (job.prompt, job.negative_prompt, clip_skip, loras)
        positive = parse_prompt(job.prompt).fragments
        negative = parse_prompt(job.negative_prompt).fragments

        def encode() -> PromptEmbeddings:
            with memory.text_encoders():
                return base_model.family.encode_prompts(base_model, positive, negative, clip_skip)

        return self._model_cache.embeddings.get_or_create(
            (models.checkpoint.sha256, base_model.dtype, inputs), encode
        )

    def _units_for_size(
        self,
        batch: JobBatch,
        controlnets: Sequence[tuple[ControlUnit, ControlNetModel]],
        size: Size,
    ) -> list[ActiveControlUnit]:
        """The units with their control maps at `size`; without those whose maps are all empty there."""
        units = []
        for unit, controlnet in controlnets:
            control_maps = self._control_maps(batch, unit, size)
            if any(control_maps):
                # A job whose map is empty has weight 0, which equals leaving the unit out.
                weights = [
                    batch.unit_of(index, unit).weight if control_map else 0.0
                    for index, control_map in enumerate(control_maps)
                ]
                images = [control_map or Image.new("RGB", size) for control_map in control_maps]
                same = all(image is images[0] for image in images)
                units.append(
                    ActiveControlUnit(unit, controlnet, images[:1] if same else images, weights)
                )
        return units

    def _control_maps(
        self, batch: JobBatch, unit: ControlUnit, size: Size
    ) -> list[Image.Image | None]:
        """The unit's control map for each job, cached; None where it is empty."""
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
    notes: Sequence[Message],
) -> list[RenderResult]:
    """The outputs with the models that took part, and all notes; `notes` are every job's."""
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
                *notes,
                *output.notes,
                *output.embeddings.notes,
            ),
            output.embeddings.token_count,
        )
        for active_units, output in zip(units_of_jobs, outputs, strict=True)
    ]


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
        notes.append(message("engine.rendered_in_batch", count=len(batch.jobs)))
    return notes
