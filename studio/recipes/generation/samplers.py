"""Samplers and schedule types under the names operators know from A1111."""

from typing import Literal, get_args

Sampler = Literal[
    "Euler", "Euler a", "LMS", "Heun", "DPM2", "DPM2 a",
    "DPM++ 2M", "DPM++ 2M SDE", "DDIM", "UniPC", "DEIS", "LCM", "PLMS",
]  # fmt: skip
ScheduleType = Literal["Automatic", "Karras", "Exponential", "Beta", "SGM Uniform"]

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
SCHEDULE_TYPES: tuple[ScheduleType, ...] = get_args(ScheduleType)

_SIGMA_SCHEDULES = frozenset({"Karras", "Exponential", "Beta"})
_SIGMA_SAMPLERS = frozenset(
    {"Euler", "LMS", "Heun", "DPM2", "DPM2 a", "DPM++ 2M", "DPM++ 2M SDE", "UniPC", "DEIS"}
)


def supports_schedule(sampler: Sampler, schedule_type: ScheduleType) -> bool:
    """Whether this sampler can walk this schedule.

    Karras, Exponential and Beta rearrange sigmas, which Euler a, DDIM, LCM and PLMS do not
    take in diffusers.
    """
    return schedule_type not in _SIGMA_SCHEDULES or sampler in _SIGMA_SAMPLERS
