"""Trains the scribble and pose ControlNets side by side, the base model frozen.

Recipes use the two together, so they are taught together: some steps see both, some only
one. Half of the examples start from the *composite's* latents instead of the polished
picture's and are asked for the polished picture all the same: that is what img2img will do
to them, and it teaches the nets to clean up a doodle and to find the figure under one that
covers the page.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel, StableDiffusionPipeline
from numpy.typing import NDArray

from studio.pocket.base import SCENES, tokenize, towards_composites, velocity_loss
from studio.pocket.latents import Encoded, encoded_scenes
from studio.pocket.models import new_controlnet, new_schedule
from studio.pocket.training import Plan, Run

PLAN = Plan(name="control", steps=2350, batch=16, learning_rate=6e-4, sheet_every=500)
FROM_COMPOSITE = 0.5
ONLY_SCRIBBLE, ONLY_POSE = 0.3, 0.3


def train(work: Path, plan: Plan = PLAN, scenes: int = SCENES) -> None:
    torch.manual_seed(plan.seed)
    data = encoded_scenes(work, scenes)
    pipe = StableDiffusionPipeline.from_pretrained(work / "base" / "final")
    unet, text = pipe.unet.requires_grad_(False), pipe.text_encoder.requires_grad_(False)
    nets = {"scribble": new_controlnet(unet), "pose": new_controlnet(unet)}
    for net in nets.values():
        net.requires_grad_(True)
    run = Run(work / plan.name, plan, dict(nets))
    schedule = new_schedule()
    tokens, silence = tokenize(pipe.tokenizer, list(data.captions)), tokenize(pipe.tokenizer, [""])
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        use = _nets_of_step(rng)
        rows = _rows(rng, len(data.captions), plan.batch, with_nasty="pose" in use)
        ids = tokens[rows]
        ids[torch.rand(plan.batch) < 0.3] = silence[0]
        clean = data.latents(rows)
        times = 999 - (1000 * torch.rand(plan.batch).pow(1.3)).long()
        start = towards_composites(data, rows, clean, times, FROM_COMPOSITE)
        noisy = schedule.add_noise(start, torch.randn_like(clean), times)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                words = text(ids).last_hidden_state
            down, middle = _residuals(nets, use, data, rows, noisy, times, words)
            guess = unet(
                noisy, times, words,
                down_block_additional_residuals=down, mid_block_additional_residual=middle,
            ).sample  # fmt: skip
        loss = velocity_loss(guess.float(), clean, noisy, times, schedule)
        run.update(loss)
        if run.sheet_due:
            run.sheet(run.with_averages(lambda: _samples(pipe, nets, data)))
    run.with_averages(lambda: _finish(run.folder, nets))
    run.save()


def _nets_of_step(rng: np.random.Generator) -> tuple[str, ...]:
    draw = rng.random()
    if draw < ONLY_SCRIBBLE:
        return ("scribble",)
    return ("pose",) if draw < ONLY_SCRIBBLE + ONLY_POSE else ("scribble", "pose")


def _rows(rng: np.random.Generator, count: int, batch: int, with_nasty: bool) -> NDArray[np.int64]:
    """Rows to learn from; every eighth row's doodle tells nothing of the picture wanted."""
    rows = rng.integers(0, count, batch)
    if not with_nasty:
        rows = np.where(rows % 8 == 7, rows - 1, rows)
    return rows


def _residuals(
    nets: dict[str, ControlNetModel],
    use: tuple[str, ...],
    data: Encoded,
    rows: NDArray[np.int64],
    noisy: torch.Tensor,
    times: torch.Tensor,
    words: torch.Tensor,
) -> tuple[list[torch.Tensor], torch.Tensor]:
    maps = {"scribble": data.scribble_maps, "pose": data.pose_maps}
    outputs = [
        nets[name](noisy, times, words, controlnet_cond=maps[name](rows), return_dict=False)
        for name in use
    ]
    down = [torch.stack(blocks).sum(0) for blocks in zip(*(o[0] for o in outputs), strict=True)]
    return down, torch.stack([o[1] for o in outputs]).sum(0)


def _finish(folder: Path, nets: dict[str, ControlNetModel]) -> None:
    for name, net in nets.items():
        net.save_pretrained(folder / "final" / name)


def _samples(
    pipe: StableDiffusionPipeline, nets: dict[str, ControlNetModel], data: Encoded
) -> list[list[torch.Tensor]]:
    """Composites, and what both nets make of them at strength 0.7; two are nasty."""
    from diffusers import MultiControlNetModel, StableDiffusionControlNetImg2ImgPipeline

    rows = np.array([0, 1, 2, 3, 7, 15])
    starts = data.latents(rows, of_composites=True)
    control = StableDiffusionControlNetImg2ImgPipeline(
        **pipe.components,
        controlnet=MultiControlNetModel([nets["scribble"], nets["pose"]]),
        requires_safety_checker=False,
    )
    control.set_progress_bar_config(disable=True)
    rendered = []
    with torch.autocast("cpu", torch.bfloat16):
        shown = pipe.vae.decode(starts / pipe.vae.config.scaling_factor).sample
        for strength in (0.7, 0.95):
            rendered.append(
                control(
                    [data.captions[row] for row in rows],
                    image=starts,
                    control_image=[data.scribble_maps(rows), data.pose_maps(rows)],
                    strength=strength, num_inference_steps=20, guidance_scale=3.0,
                    controlnet_conditioning_scale=[1.0, 1.0],
                    generator=torch.Generator().manual_seed(5), output_type="pt",
                ).images
            )  # fmt: skip
    return [list(shown), *(list(images * 2 - 1) for images in rendered)]
