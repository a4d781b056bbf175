"""The prompts of one job, encoded once: what identifies their embeddings, and how they are made."""

from collections.abc import Hashable
from dataclasses import dataclass

import torch

from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.loading.resolve import ResolvedModels
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.prompt_syntax import parse_prompt


@dataclass(frozen=True)
class JobPrompts:
    """Both prompts of a job, and the models that encode them."""

    job: RenderJob
    models: ResolvedModels

    def key(self, dtype: torch.dtype) -> Hashable:
        """Everything that the embeddings depend on. LoRAs may change the text encoders.

        `dtype` is the base model's.
        """
        job = self.job
        loras = tuple((model.sha256, weight) for model, weight in self.models.loras)
        inputs = (job.prompt, job.negative_prompt, job.recipe.clip_skip, loras)
        return self.models.checkpoint.sha256, dtype, inputs

    def encode(self, base_model: LoadedBaseModel) -> PromptEmbeddings:
        """The embeddings, by the text encoders where they are."""
        job = self.job
        positive = parse_prompt(job.prompt).fragments
        negative = parse_prompt(job.negative_prompt).fragments
        return base_model.family.encode_prompts(
            base_model, positive, negative, job.recipe.clip_skip
        )
