"""Samplers and schedule types by A1111's names."""

from typing import Literal, get_args

Sampler = Literal[
    "Euler",
    "Euler a",
    "LMS",
    "Heun",
    "DPM2",
    "DPM2 a",
    "DPM++ 2M",
    "DPM++ 2M SDE",
    "DDIM",
    "UniPC",
    "DEIS",
    "LCM",
    "PLMS",
]
ScheduleType = Literal["Automatic", "Karras", "Exponential", "Beta", "SGM Uniform"]

SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
SCHEDULE_TYPES: tuple[ScheduleType, ...] = get_args(ScheduleType)

_SIGMA_SCHEDULES = frozenset({"Karras", "Exponential", "Beta"})
_SIGMA_SAMPLERS = frozenset(
    {"Euler", "LMS", "Heun", "DPM2", "DPM2 a", "DPM++ 2M", "DPM++ 2M SDE", "UniPC", "DEIS"}
)


def supports_schedule(sampler: Sampler, schedule_type: ScheduleType) -> bool:
    """Whether diffusers' scheduler for this sampler supports this schedule.

    Karras, Exponential and Beta change the sigmas, which the schedulers of Euler a, DDIM, LCM and
    PLMS do not support.
    """
    return schedule_type not in _SIGMA_SCHEDULES or sampler in _SIGMA_SAMPLERS
