"""Samplers under A1111's names as diffusers schedulers."""

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
_FLOW_CLASSES: dict[Sampler, str] = {
    "Euler": "FlowMatchEulerDiscreteScheduler",
    "Heun": "FlowMatchHeunDiscreteScheduler",
}
_SCHEDULES: dict[ScheduleType, dict[str, Any]] = {
    "Automatic": {},
    "Karras": {"use_karras_sigmas": True},
    "Exponential": {"use_exponential_sigmas": True},
    "Beta": {"use_beta_sigmas": True},
    "SGM Uniform": {"timestep_spacing": "trailing"},
}


def validate_sampler(sampler: Sampler, schedule_type: ScheduleType, flow: bool) -> None:
    """Raises UnfitModel where a flow model cannot be walked by this sampler and schedule."""
    if flow and (sampler not in _FLOW_CLASSES or schedule_type != "Automatic"):
        first, second = _FLOW_CLASSES
        raise IncompatibleModelError(
            "recipe.sampler_unfit",
            sampler=sampler,
            schedule=schedule_type,
            first=first,
            second=second,
        )


def build_scheduler(
    pristine: SchedulerMixin, sampler: Sampler, schedule_type: ScheduleType, flow: bool = False
) -> SchedulerMixin:
    """A new scheduler for one job, from the base model's pristine configuration.

    Never from another job's: a chain of `from_config` carries options along.
    """
    if flow:
        walk: SchedulerMixin = getattr(diffusers, _FLOW_CLASSES[sampler]).from_config(
            pristine.config
        )
        return walk
    name, options = _SCHEDULER_BY_SAMPLER[sampler]
    scheduler: SchedulerMixin = getattr(diffusers, name).from_config(
        pristine.config, **options, **_SCHEDULES[schedule_type]
    )
    return scheduler


def schedule_notes(pristine: SchedulerMixin, sampler: Sampler, flow: bool) -> tuple[Message, ...]:
    """A note where the sampler leaves out that the base model was trained down to pure noise
    (zero terminal SNR; Lin et al., 2023)."""
    zero = "rescale_betas_zero_snr"
    if flow or not pristine.config.get(zero):
        return ()
    fitting = [each for each in _SCHEDULER_BY_SAMPLER if zero in _options(each)]
    if sampler in fitting:
        return ()
    return (message("engine.sampler_without_zero_snr", sampler=sampler, samplers=fitting),)


def _options(sampler: Sampler) -> frozenset[str]:
    scheduler = getattr(diffusers, _SCHEDULER_BY_SAMPLER[sampler][0])
    return frozenset(inspect.signature(scheduler.__init__).parameters)
