"""Trains the pocket base model: a text encoder and a UNet, together, on polished pictures.

A third of the examples start from the *composite's* latents and are asked for the polished
picture all the same: that is what img2img will do to them, and it teaches the model to clean
up a doodle.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from numpy.typing import NDArray
from transformers import CLIPTextModel, CLIPTokenizer

from studio.pocket.latents import Encoded, encoded_scenes
from studio.pocket.models import TOKENS, new_schedule, new_text_encoder, new_unet
from studio.pocket.training import Plan, Run
from studio.pocket.vocabulary import train_tokenizer

PLAN = Plan(name="base", steps=7500, batch=24, learning_rate=6e-4, sheet_every=500)
SCENES = 14000
UNCONDITIONAL = 0.12
"""Share of captions left out, for classifier-free guidance (Ho and Salimans, 2022)."""
FROM_COMPOSITE = 0.35
"""Share of examples whose noise is laid on (some of) the composite."""


def train(work: Path, plan: Plan = PLAN, scenes: int = SCENES) -> None:
    torch.manual_seed(plan.seed)
    data = encoded_scenes(work, scenes)
    tokenizer = train_tokenizer(data.captions)
    text = new_text_encoder(len(tokenizer), tokenizer.eos_token_id)
    unet, schedule = new_unet(), new_schedule()
    run = Run(work / plan.name, plan, {"unet": unet, "text": text})
    tokens, silence = tokenize(tokenizer, list(data.captions)), tokenize(tokenizer, [""])
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.integers(0, len(data.captions), plan.batch)
        ids = tokens[rows]
        ids[torch.rand(plan.batch) < UNCONDITIONAL] = silence[0]
        clean = data.latents(rows)
        times = torch.randint(0, 1000, (plan.batch,))
        start = towards_composites(data, rows, clean, times, FROM_COMPOSITE)
        noisy = schedule.add_noise(start, torch.randn_like(clean), times)
        with torch.autocast("cpu", torch.bfloat16):
            words = text(ids).last_hidden_state
            guess = unet(noisy, times, words).sample
        run.update(velocity_loss(guess.float(), clean, noisy, times, schedule))
        if run.sheet_due:
            run.sheet(run.with_averages(lambda: _samples(work, unet, text, tokenizer, data)))
    run.with_averages(lambda: _finish(work, run, unet, text, tokenizer))
    run.save()


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    ids: torch.Tensor = tokenizer(
        captions, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids
    return ids


def towards_composites(
    data: Encoded,
    rows: NDArray[np.int64],
    clean: torch.Tensor,
    times: torch.Tensor,
    share: float,
) -> torch.Tensor:
    """What the noise is laid on: clean latents, or for `share` of the rows some way back
    towards the composite's. The later in sampling (the lower the time), the less of it is left.
    """
    mixed = data.latents(rows, of_composites=True)
    part = torch.rand(len(rows)) * (torch.rand(len(rows)) < share)
    part = part * ((times - 150) / 500).clamp(0, 1)
    return torch.lerp(clean, mixed, part.view(-1, 1, 1, 1))


def velocity_loss(
    guess: torch.Tensor,
    clean: torch.Tensor,
    noisy: torch.Tensor,
    times: torch.Tensor,
    schedule: DDIMScheduler,
) -> torch.Tensor:
    """Squared error of v, where v is what leads from `noisy` to `clean`.

    Unweighted: every noise level counts alike. Min-SNR weights were tried first and taught the
    high levels, which strength 0.6 and more live on, next to nothing.
    """
    kept = schedule.alphas_cumprod[times].view(-1, 1, 1, 1)
    signal, noise_level = kept.sqrt(), (1 - kept).sqrt()
    noise = (noisy - signal * clean) / noise_level
    wanted = signal * noise - noise_level * clean
    loss: torch.Tensor = (guess - wanted).pow(2).mean()
    return loss


def _finish(
    work: Path, run: Run, unet: UNet2DConditionModel, text: CLIPTextModel, tokenizer: CLIPTokenizer
) -> None:
    pipeline(work, unet, text, tokenizer).save_pretrained(run.folder / "final")


def pipeline(
    work: Path, unet: UNet2DConditionModel, text: CLIPTextModel, tokenizer: CLIPTokenizer
) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(work / "vae" / "final"),
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=new_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _samples(
    work: Path,
    unet: UNet2DConditionModel,
    text: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    data: Encoded,
) -> list[list[torch.Tensor]]:
    """A row from noise and words alone, a row from composites at strength 0.6."""
    pipe = pipeline(work, unet, text, tokenizer)
    pipe.set_progress_bar_config(disable=True)
    captions = list(data.captions[:6])
    generator = torch.Generator().manual_seed(5)
    with torch.autocast("cpu", torch.bfloat16):
        drawn = pipe(captions, num_inference_steps=20, guidance_scale=4.0, height=256, width=256, generator=generator, output_type="pt").images  # fmt: skip
        from diffusers import StableDiffusionImg2ImgPipeline

        starts = data.latents(np.arange(6), of_composites=True)
        redrawn = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
        redrawn.set_progress_bar_config(disable=True)
        cleaned = redrawn(captions, image=starts, strength=0.6, num_inference_steps=25, guidance_scale=3.0, generator=generator, output_type="pt").images  # fmt: skip
        scale = pipe.vae.config.scaling_factor
        shown = pipe.vae.decode(starts / scale).sample
    return [list(drawn * 2 - 1), list(shown), list(cleaned * 2 - 1)]
