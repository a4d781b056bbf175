"""What is told when a job needs more memory than the device has, whatever is given up."""

from studio.engine.memory.eviction import DeviceLimits
from studio.engine.memory.job_components import JobDescription
from studio.engine.memory.oom_ladder import Stage
from studio.errors import InsufficientMemoryError, RenderError
from studio.messages import Message, message


def lack_of_memory_error(
    stage: Stage,
    job: JobDescription,
    free_bytes: int | None,
    activation_bytes: int,
    exceeded: DeviceLimits | None,
) -> RenderError:
    """The error of a job for which no step of the ladder is left.

    Args:
        stage: where memory ran out.
        job: the job.
        free_bytes: what the device has left; None: unknown.
        activation_bytes: what the job is expected to take beside its components.
        exceeded: the operator's limits, where these forbid the job.
    """
    needed = sum(entry.size for entry in dict.fromkeys(job.components.drawing))
    if exceeded is not None:
        return InsufficientMemoryError(
            "engine.device_too_small",
            name=job.name,
            size=_megabytes(needed),
            limit=_limit_text(exceeded),
        )
    if stage == "upload":
        return InsufficientMemoryError(
            "engine.device_full",
            name=job.name,
            size=_megabytes(needed),
            free=_megabytes(free_bytes or 0),
        )
    size = {"width": job.activations.width, "height": job.activations.height}
    if free_bytes is None:
        return RenderError("engine.device_out_of_memory", name=job.name, **size)
    return RenderError(
        "engine.device_out_of_memory_bytes",
        name=job.name,
        needed=_megabytes(needed + activation_bytes),
        free=_megabytes(free_bytes),
        **size,
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f}"


def _limit_text(limits: DeviceLimits) -> Message | str:
    """The device's limit in bytes, or the number of ControlNets where these are too many."""
    if limits.bytes is None:
        return message("engine.models", count=limits.counts["controlnet"])
    return f"{_megabytes(limits.bytes)} MB"
