"""Works ahead for a job while the device renders another, in a thread of its own.

What is made goes into the caches where the render finds it. What cannot be made ahead is left to the
render: the pixels are the same either way.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import torch
from PIL import Image

from studio.engine.control.control_maps import control_map_key, make_control_map
from studio.engine.device_errors import map_backend_errors
from studio.engine.diffusion.device_streams import SideStream, hand_over
from studio.engine.diffusion.pass_plan import Size, output_size
from studio.engine.families import MODEL_FAMILIES
from studio.engine.families.base import PromptEmbeddings
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.resolve import ResolvedModels, resolve_models
from studio.engine.memory.model_cache import ModelCache
from studio.engine.prompts.job_prompts import JobPrompts
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelInfo
from studio.recipes.generation.job import RenderJob


class _NotPreparedError(Exception):
    """It cannot be made ahead, for now."""


class Preparation:
    """Of an engine's jobs; for another thread than the lane's."""

    def __init__(
        self,
        catalog: ModelCatalog,
        configs: BundledConfigs,
        model_cache: ModelCache,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        """`dtype` is that of the weights."""
        self._catalog, self._configs, self._model_cache = catalog, configs, model_cache
        self._device, self._dtype = device, dtype
        self._side_stream = SideStream(device)

    def prefetch(self, job: RenderJob) -> None:
        """Reads a job's models into RAM. Raises as `prepare` does."""
        models = resolve_models(self._catalog, self._configs, job)
        with map_backend_errors(job.recipe.base_model.name):
            self._model_cache.prefetch(models, self._dtype)

    @torch.no_grad()
    def prepare(self, job: RenderJob, base: Image.Image, doodle: Image.Image | None) -> None:
        """Makes a job's images and control maps, reads its models into RAM, and, as far as the device
        has room for both jobs, brings them there and encodes the prompts.

        LoRA files are not read. Raises what `Engine.render` raises before anything is on the device.
        """
        models = resolve_models(self._catalog, self._configs, job)
        output = output_size(job.recipe, MODEL_FAMILIES[models.checkpoint.family].size_multiple)
        self._model_cache.job_images.get(job, base, doodle, output)
        size = (job.recipe.width, job.recipe.height)
        controlnets = self._make_control_maps(models, job, base, doodle, size)
        if output != size:
            self._make_control_maps(models, job, base, doodle, output)
        with map_backend_errors(job.recipe.base_model.name):
            self._model_cache.prefetch(models, self._dtype)
            self._encode_prompts(job, models)
            self._upload(models, controlnets)

    def _make_control_maps(
        self,
        models: ResolvedModels,
        job: RenderJob,
        base: Image.Image,
        doodle: Image.Image | None,
        size: Size,
    ) -> Sequence[ModelInfo]:
        """Returns the ControlNets whose maps are not empty."""
        return [
            model
            for unit, model in models.controlnets
            if self._model_cache.control_maps.get_or_create(
                control_map_key(unit, job, size),
                partial(make_control_map, unit, job, base, doodle, size),
            )
        ]

    def _encode_prompts(self, job: RenderJob, models: ResolvedModels) -> None:
        """Into the cache, unless LoRAs take part, or the lane has the text encoders."""
        prompts, cache = JobPrompts(job, models), self._model_cache

        def encode() -> PromptEmbeddings:
            with cache.ledger.lock:
                if (loaded := cache.find(models, (), self._dtype)) is None:
                    raise _NotPreparedError
                text_encoders = loaded.components.text_encoders
                cache.memory.upload_ahead(text_encoders)
                with cache.memory.idle(text_encoders) as are_idle:
                    if not are_idle:
                        raise _NotPreparedError
                    with self._side_stream.use():
                        embeddings = prompts.encode(loaded.base_model)
                hand_over(embeddings.tensors.values(), self._device)
                return embeddings

        if not models.loras:
            with suppress(_NotPreparedError):
                cache.embeddings.get_or_create(prompts.key(self._dtype), encode)

    def _upload(self, models: ResolvedModels, controlnets: Sequence[ModelInfo]) -> None:
        cache = self._model_cache
        with cache.ledger.lock:
            if (loaded := cache.find(models, controlnets, self._dtype)) is not None:
                cache.memory.upload_ahead(loaded.components.drawing)
