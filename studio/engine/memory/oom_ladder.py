"""What is given up, and in which order, when a job runs out of device memory. Free of torch."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal["upload", "denoise", "vae"]
"""Where memory ran out: models going to the device, the denoising passes, or the VAE."""

LadderStep = Literal[
    "evict",
    "text_encoders_off",
    "vae_tiling",
    "smaller_batch",
    "controlnets_in_turn",
    "denoiser_by_blocks",
]
"""See `next_step`."""


@dataclass(frozen=True)
class MemoryState:
    """What a job still has to give up."""

    taken: frozenset[LadderStep] = frozenset()
    """Steps that were taken for it already."""

    idle_text_encoders: bool = False
    """Whether the job's own text or image encoders are on the device, their embeddings being made."""

    controlnets: int = 0
    """How many ControlNets the job has."""

    batch_size: int = 1
    """How many jobs are rendered at once."""

    device_is_ram: bool = False
    """On a CPU weights are in RAM wherever they are "moved": only activations can shrink."""


def next_step(stage: Stage, state: MemoryState) -> LadderStep | None:
    """The cheapest step that is left, or None when the job cannot be rendered here.

    - `evict`: everything that the job does not need leaves the device, and stays in RAM.
    - `text_encoders_off`: the job's own text encoders, and its references' image encoders, leave it, too.
    - `vae_tiling`: the VAE encodes and decodes in tiles, which are blended where they overlap.
    - `smaller_batch`: half the jobs at a time; alone of all it is taken again, down to one job.
    - `controlnets_in_turn`: each ControlNet is on the device only while it runs, in each step.
    - `denoiser_by_blocks`: of the denoiser only the block that runs is on the device.

    All but tiling leave the pixels of a job that is rendered alone as they are.
    """
    weights_move = not state.device_is_ram
    helps: dict[LadderStep, bool] = {
        "evict": True,
        "text_encoders_off": weights_move and state.idle_text_encoders,
        "vae_tiling": stage == "vae",
        "smaller_batch": stage == "denoise" and state.batch_size > 1,
        "controlnets_in_turn": weights_move and state.controlnets > 0,
        "denoiser_by_blocks": weights_move,
    }
    is_left = {step: step == "smaller_batch" or step not in state.taken for step in helps}
    return next((step for step in helps if helps[step] and is_left[step]), None)
