"""Trains the scribble, lineart and pose ControlNets together, the base models frozen.

Recipes combine them, so they are taught together: some steps see one of them, some a pair.
Each step draws one of the two base models, so that every net works on both. Half of the
examples start from the *composite's* latents: that is what img2img will do to them, and it
teaches the nets to clean up a doodle and to find the figure under one that covers the page.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import (
    ControlNetModel,
    MultiControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionPipeline,
)
from numpy.typing import NDArray

from training import train_base_model
from training.architectures import new_controlnet, new_schedule
from training.dataset import CONTROLS, LatentDataset, encoded_scenes
from training.styles import STYLES
from training.trainer import Trainer, TrainingConfig
from training.training_stages import SCENES, STARTS

PLAN = TrainingConfig(name="control", steps=2200, batch=16, learning_rate=6e-4, sample_every=1000)
COMBINED_CONTROLS = (
    ("scribble",), ("lineart",), ("pose",), ("scribble", "pose"), ("lineart", "pose"),
)  # fmt: skip
COMBINED_WEIGHTS = (0.18, 0.18, 0.2, 0.24, 0.2)
NASTY = 8
"""Every eighth scene's doodle tells nothing of the picture that is wanted."""


def train(work: Path, plan: TrainingConfig = PLAN, scenes: int = SCENES) -> None:
    torch.manual_seed(plan.seed)
    data = encoded_scenes(work, scenes)
    pipes = {style: train_base_model.load_frozen(work, style) for style in STYLES}
    text, tokenizer = pipes[STYLES[0]].text_encoder, pipes[STYLES[0]].tokenizer
    nets = {name: new_controlnet(pipes[STYLES[0]].unet).requires_grad_(True) for name in CONTROLS}
    run = Trainer(work / plan.name, plan, dict(nets))
    schedule = new_schedule()
    tokens = {
        style: train_base_model.tokenize(tokenizer, list(data.captions[style])) for style in STYLES
    }
    empty_embeds = train_base_model.tokenize(tokenizer, [""])
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        style = str(rng.choice(STYLES))
        use = COMBINED_CONTROLS[int(rng.choice(len(COMBINED_CONTROLS), p=COMBINED_WEIGHTS))]
        rows = _rows(rng, len(data), plan.batch, with_nasty="pose" in use)
        ids = tokens[style][rows]
        ids[torch.rand(plan.batch) < 0.3] = empty_embeds[0]
        clean = data.latents(style, rows)
        times = 999 - (1000 * torch.rand(plan.batch).pow(1.3)).long()
        start = train_base_model.blend_start(
            data.img2img_starts(rows, STARTS.bare), clean, times, STARTS
        )
        noisy = schedule.add_noise(start, torch.randn_like(clean), times)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                words = text(ids).last_hidden_state
            maps = {name: data.maps(name, rows) for name in use}
            down, middle = _residuals(nets, maps, noisy, times, words)
            prediction = pipes[style].unet(
                noisy, times, words,
                down_block_additional_residuals=down, mid_block_additional_residual=middle,
            ).sample  # fmt: skip
        run.update(
            train_base_model.velocity_loss(prediction.float(), clean, noisy, times, schedule)
        )
        if run.samples_due:
            run.sheet(run.with_ema_weights(lambda: _samples(pipes, nets, data)))
    run.with_ema_weights(lambda: _finish(run.folder, nets))
    run.save()


def _rows(rng: np.random.Generator, count: int, batch: int, with_nasty: bool) -> NDArray[np.int64]:
    """Rows to learn from; without a pose map nothing could be made of the nasty ones."""
    rows = rng.integers(0, count, batch)
    if not with_nasty:
        rows = np.where(rows % NASTY == NASTY - 1, rows - 1, rows)
    return rows


def _residuals(
    nets: dict[str, ControlNetModel],
    maps: dict[str, torch.Tensor],
    noisy: torch.Tensor,
    times: torch.Tensor,
    words: torch.Tensor,
) -> tuple[list[torch.Tensor], torch.Tensor]:
    outputs = [
        nets[name](noisy, times, words, controlnet_cond=shown, return_dict=False)
        for name, shown in maps.items()
    ]
    down = [torch.stack(blocks).sum(0) for blocks in zip(*(o[0] for o in outputs), strict=True)]
    return down, torch.stack([o[1] for o in outputs]).sum(0)


def _finish(folder: Path, nets: dict[str, ControlNetModel]) -> None:
    for name, net in nets.items():
        net.save_pretrained(folder / "final" / name)


def _samples(
    pipes: dict[str, StableDiffusionPipeline], nets: dict[str, ControlNetModel], data: LatentDataset
) -> list[list[torch.Tensor]]:
    """Composites, and what each base model makes of them with lines and pose; two are nasty."""
    rows = np.array([0, 1, 2, 3, 7, 15])
    img2img_starts = data.img2img_starts(rows)
    vae = pipes[STYLES[0]].vae
    with torch.autocast("cpu", torch.bfloat16):
        pictures = [list(vae.decode(img2img_starts / vae.config.scaling_factor).sample)]
    for style, lines, strength in (("ink", "scribble", 0.7), ("water", "lineart", 0.9)):
        control = StableDiffusionControlNetImg2ImgPipeline(
            **pipes[style].components,
            controlnet=MultiControlNetModel([nets[lines], nets["pose"]]),
            requires_safety_checker=False,
        )
        control.set_progress_bar_config(disable=True)
        with torch.autocast("cpu", torch.bfloat16):
            drawn = control(
                [data.captions[style][row] for row in rows],
                image=img2img_starts,
                control_image=[data.maps(lines, rows), data.maps("pose", rows)],
                strength=strength, num_inference_steps=20, guidance_scale=3.0,
                controlnet_conditioning_scale=[1.0, 1.0],
                generator=torch.Generator().manual_seed(5), output_type="pt",
            ).images  # fmt: skip
        pictures.append(list(drawn * 2 - 1))
    return pictures
