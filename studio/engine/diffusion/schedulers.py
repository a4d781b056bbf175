"""Samplers by A1111's names as diffusers schedulers."""

import inspect
from typing import Any

import diffusers
from diffusers import SchedulerMixin

from studio.errors import IncompatibleModelError
from studio.messages import Message, message
from studio.recipes.generation.samplers import Sampler, ScheduleType

_SCHEDULER_BY_SAMPLER: dict[Sampler, tuple[str, dict[str, Any]]] = {
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "LMS": ("LMSDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "DPM2": ("KDPM2DiscreteScheduler", {}),
    "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "DDIM": ("DDIMScheduler", {"clip_sample": False}),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "DEIS": ("DEISMultistepScheduler", {}),
    "LCM": ("LCMScheduler", {}),
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
}
_FLOW_SCHEDULER_BY_SAMPLER: dict[Sampler, str] = {
    "Euler": "FlowMatchEulerDiscreteScheduler",
    "Heun": "FlowMatchHeunDiscreteScheduler",
}
_SCHEDULE_OPTIONS: dict[ScheduleType, dict[str, Any]] = {
    "Automatic": {},
    "Karras": {"use_karras_sigmas": True},
    "Exponential": {"use_exponential_sigmas": True},
    "Beta": {"use_beta_sigmas": True},
    "SGM Uniform": {"timestep_spacing": "trailing"},
}


def validate_sampler(sampler: Sampler, schedule_type: ScheduleType, is_flow_matching: bool) -> None:
    """Raises IncompatibleModelError when a flow matching model has no such sampler or schedule."""
    if is_flow_matching and (
        sampler not in _FLOW_SCHEDULER_BY_SAMPLER or schedule_type != "Automatic"
    ):
        first, second = _FLOW_SCHEDULER_BY_SAMPLER
        raise IncompatibleModelError(
            "recipe.sampler_unfit",
            sampler=sampler,
            schedule=schedule_type,
            first=first,
            second=second,
        )


def build_scheduler(
    base_scheduler: SchedulerMixin,
    sampler: Sampler,
    schedule_type: ScheduleType,
    is_flow_matching: bool = False,
) -> SchedulerMixin:
    """A new scheduler for one job, from the configuration of the base model's own.

    Never from another job's scheduler: a chain of `from_config` accumulates options.
    """
    if is_flow_matching:
        flow_class = getattr(diffusers, _FLOW_SCHEDULER_BY_SAMPLER[sampler])
        flow_scheduler: SchedulerMixin = flow_class.from_config(base_scheduler.config)
        return flow_scheduler
    name, options = _SCHEDULER_BY_SAMPLER[sampler]
    scheduler: SchedulerMixin = getattr(diffusers, name).from_config(
        base_scheduler.config, **options, **_SCHEDULE_OPTIONS[schedule_type]
    )
    return scheduler


def schedule_notes(
    base_scheduler: SchedulerMixin, sampler: Sampler, is_flow_matching: bool
) -> tuple[Message, ...]:
    """A note when the base model was trained with zero terminal SNR (Lin et al., 2023) and the
    sampler does not support it."""
    option = "rescale_betas_zero_snr"
    if is_flow_matching or not base_scheduler.config.get(option):
        return ()
    supporting = [name for name in _SCHEDULER_BY_SAMPLER if option in _options_of(name)]
    if sampler in supporting:
        return ()
    return (message("engine.sampler_without_zero_snr", sampler=sampler, samplers=supporting),)


def _options_of(sampler: Sampler) -> frozenset[str]:
    scheduler_class = getattr(diffusers, _SCHEDULER_BY_SAMPLER[sampler][0])
    return frozenset(inspect.signature(scheduler_class.__init__).parameters)
