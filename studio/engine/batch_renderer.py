"""Renders a batch of jobs with the cached models, attaching all else for the time of the render."""

import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import torch

from studio.engine.batch_results import JobOutput, make_results
from studio.engine.batch_units import BatchUnits, LoadedUnits, units_with_map
from studio.engine.device_errors import map_backend_errors
from studio.engine.diffusion.latents import VaeOverflows
from studio.engine.diffusion.pass_plan import output_size, plan_passes
from studio.engine.diffusion.passes import Denoiser, PassInputs, PassRunner, track_progress
from studio.engine.diffusion.pipeline import build_pipeline
from studio.engine.diffusion.vae_codec import VaeCaches, VaeCodec
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.graphs.graph_context import GraphContext
from studio.engine.job_batch import JobBatch
from studio.engine.memory.activation_reserve import ActivationKey
from studio.engine.memory.job_memory import BatchTooLargeError, JobMemory
from studio.engine.memory.model_cache import LoadedModels, ModelCache
from studio.engine.prompts.job_prompts import JobPrompts
from studio.engine.references.attention import references_plugged_in
from studio.engine.references.encoding import ReferenceParts, encode_references
from studio.engine.results import RenderResult
from studio.recipes.generation.job import RenderJob, Timings


class _Resources(NamedTuple):
    """What a batch is rendered with."""

    base_model: LoadedBaseModel
    controlnets: LoadedUnits
    memory: JobMemory
    references: Sequence[ReferenceParts]


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
            for reference, _ in batch.models.references:  # Before gigabytes are loaded.
                batch.jobs[0].control_image(reference.image_sha256)
            units_of_batch = BatchUnits(batch, self._model_cache.control_maps)
            control_maps = [
                units_of_batch.control_maps(unit, batch.size)
                for unit, _ in batch.models.controlnets
            ]
            active_units = units_with_map(batch, map(any, control_maps))
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
                units_with_map(batch, (of_jobs[index] for of_jobs in control_maps))
                for index in range(len(batch.jobs))
            ]
            return make_results(
                batch, units_of_jobs, models.base_model, outputs, timings, memory.notes
            )

    def _job_memory(self, models: LoadedModels) -> JobMemory:
        recipe, jobs = self._batch.recipe, self._batch.jobs
        width, height = output_size(recipe, models.base_model.family.size_multiple)
        family = self._batch.models.checkpoint.family
        activations = ActivationKey(family, width, height, len(jobs))
        return self._model_cache.job_memory(recipe.base_model.name, models, activations)

    def _render_in_parts(self, resources: _Resources, batch: JobBatch) -> list[JobOutput]:
        """Renders the batch at once, or in halves where memory demands it, now or for an earlier one."""
        memory, size = resources.memory, len(batch.jobs)
        if size <= memory.max_batch_size:
            memory.batch_size = size
            with suppress(BatchTooLargeError):
                return memory.run("denoise", partial(self._run_passes, resources, batch))
        middle = size // 2
        return [
            output
            for part in (slice(middle), slice(middle, None))
            for output in self._render_in_parts(resources, batch.part(part))
        ]

    def _run_passes(self, resources: _Resources, batch: JobBatch) -> list[JobOutput]:
        """Encodes the prompts and runs all passes, with the LoRAs activated."""
        base_model, controlnets, memory, _ = resources
        multiple, cache = base_model.family.size_multiple, self._model_cache
        graphs, size = cache.graphs, output_size(batch.recipe, multiple)
        images_of_jobs = batch.images(cache.job_images, size)
        inputs = PassInputs(
            [images.init_image for images in images_of_jobs],
            partial(BatchUnits(batch, cache.control_maps).for_size, controlnets),
            [images.mask for images in images_of_jobs if images.mask is not None],
        )
        plan = plan_passes(batch.jobs[0], multiple, inputs.masks)
        graphs.start_render()
        pipe = build_pipeline(base_model, batch.jobs[0])
        loras, files = batch.models.loras, self._model_cache.lora_files
        with base_model.lora_pool.activated(pipe, loras, files, memory):
            embeddings = [self._encode_prompts(job, base_model, memory) for job in batch.jobs]
            references = encode_references(
                batch.jobs[0], resources.references, memory, self._model_cache.encoded_images
            )
            with memory.models(), references_plugged_in(base_model.denoiser, references):
                denoiser = Denoiser(
                    base_model,
                    batch.jobs,
                    PromptEmbeddings.concat(embeddings),
                    track_progress(base_model, batch.jobs[0], plan, batch.callbacks),
                    self._graph_context(controlnets, base_model.dtype),
                )
                vae = self._vae_codec(base_model, memory)
                images = PassRunner(plan, inputs, vae, denoiser).run()
        notes = (*vae.notes, *graphs.take_notes())
        return [
            JobOutput(image, job_embeddings, notes, of_job.mask)
            for image, job_embeddings, of_job in zip(
                images, embeddings, images_of_jobs, strict=True
            )
        ]

    def _vae_codec(self, base_model: LoadedBaseModel, memory: JobMemory) -> VaeCodec:
        cache = self._model_cache
        caches = VaeCaches(cache.latents, self._vae_overflows, cache.graphs)
        key = self._vae_cache_key(base_model)
        return VaeCodec(base_model, key, caches, partial(memory.run, "vae"))

    def _vae_cache_key(self, base_model: LoadedBaseModel) -> Hashable:
        """Everything but the image that its latents depend on."""
        vae = self._batch.models.vae or self._batch.models.checkpoint
        return vae.sha256, base_model.latent_scale, base_model.vae.dtype, base_model.dtype

    def _graph_context(self, controlnets: LoadedUnits, dtype: torch.dtype) -> GraphContext:
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
        """Both prompts of a job, cached: the text encoders are needed on a miss only."""
        prompts = JobPrompts(job, self._batch.models)

        def encode() -> PromptEmbeddings:
            with memory.text_encoders():
                return prompts.encode(base_model)

        return self._model_cache.embeddings.get_or_create(prompts.key(base_model.dtype), encode)
