"""Makes the results of a batch: its images with the models that took part and what the operator should know."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from studio.engine.diffusion.schedulers import schedule_notes
from studio.engine.families.base import LoadedBaseModel, PromptEmbeddings
from studio.engine.job_batch import JobBatch
from studio.engine.loading.resolve import UnitModels
from studio.engine.results import RenderResult
from studio.imaging.finishing import Finishing
from studio.messages import Message, message
from studio.recipes.generation.job import Timings, UsedModel


class JobOutput(NamedTuple):
    """What the passes make of one job."""

    image: Image.Image
    embeddings: PromptEmbeddings
    notes: tuple[Message, ...]
    mask: Image.Image | None = None
    """What may change, of the image's size; None: everything."""


def make_results(
    batch: JobBatch,
    units_of_jobs: Sequence[UnitModels],
    base_model: LoadedBaseModel,
    outputs: Sequence[JobOutput],
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
            _finishing(batch, index, output.mask),
        )
        for index, (active_units, output) in enumerate(zip(units_of_jobs, outputs, strict=True))
    ]


def _finishing(batch: JobBatch, index: int, mask: Image.Image | None) -> Finishing:
    job = batch.jobs[index]
    return Finishing(
        batch.base_images[index],
        batch.doodles[index],
        mask,
        job.recipe.drift_lock,
        job.base_image.keypoints,
    )


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
