"""Which step is taken when memory runs out, by a table."""

from dataclasses import replace

import pytest

from studio.engine.memory.oom_ladder import LadderStep, MemoryState, Stage, next_step

FULL = MemoryState(idle_text_encoders=True, controlnets=2, batch_size=4)
"""A job on a graphics card that has everything to give up."""


def climb(stage: Stage, state: MemoryState) -> list[LadderStep]:
    """The steps that a job takes whose memory never suffices, each with its effect."""
    steps: list[LadderStep] = []
    while step := next_step(stage, state):
        steps.append(step)
        state = replace(state, taken=state.taken | {step})
        if step == "smaller_batch":
            state = replace(state, batch_size=state.batch_size // 2)
    return steps


@pytest.mark.parametrize(
    ("stage", "changes", "steps"),
    [
        (
            "upload",
            {},
            ["evict", "text_encoders_off", "controlnets_in_turn", "denoiser_by_blocks"],
        ),
        (
            "denoise",
            {},
            [
                "evict",
                "text_encoders_off",
                "smaller_batch",
                "smaller_batch",
                "controlnets_in_turn",
                "denoiser_by_blocks",
            ],
        ),
        (
            "vae",
            {},
            [
                "evict",
                "text_encoders_off",
                "vae_tiling",
                "controlnets_in_turn",
                "denoiser_by_blocks",
            ],
        ),
        # A job of its own, without ControlNets, whose embeddings were cached.
        (
            "denoise",
            {"idle_text_encoders": False, "controlnets": 0, "batch_size": 1},
            ["evict", "denoiser_by_blocks"],
        ),
        # On a CPU only activations can shrink.
        ("denoise", {"device_is_ram": True}, ["evict", "smaller_batch", "smaller_batch"]),
        ("vae", {"device_is_ram": True}, ["evict", "vae_tiling"]),
        ("upload", {"device_is_ram": True}, ["evict"]),
    ],
)
def test_steps_in_order(stage: Stage, changes: dict[str, object], steps: list[str]) -> None:
    assert climb(stage, replace(FULL, **changes)) == steps  # type: ignore[arg-type]
