"""Which queued jobs are rendered in one batch. Pure."""

from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import group_into_batches
from studio.services.rendering.render_queue import QueuedJob

MAX_BATCH = 8
"""Jobs of one batch."""
WINDOW_SECONDS = 0.02
"""How long a job that has just been queued waits for others to share its batch."""


def share_batch(one: RenderJob, two: RenderJob) -> bool:
    """Whether two jobs, of one request or of two, may be rendered in one batch.

    They are on the same images: the renderer takes one base image and one doodle for a batch.
    """
    return (
        one.base_image == two.base_image
        and one.doodle == two.doodle
        and one.control_images == two.control_images
        and len(group_into_batches((one, two))) == 1
    )


def may_join(first: QueuedJob, other: QueuedJob) -> bool:
    """Whether a queued job may join another's batch: nobody waits for one that is less urgent."""
    return first.priority == other.priority and share_batch(first.job, other.job)
