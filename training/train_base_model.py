"""Trains the pocket base models: a text encoder and a UNet on ink, then the UNet on watercolour,
then both further on words, with the text encoder that `reading` has taught.

Half of the examples start from the *composite's* latents, or the bare base's, and are asked for the polished
picture all the same: that is what img2img will do to them, and it teaches the model to clean
up a doodle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    SchedulerMixin,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from training.architectures import TOKENS, new_schedule, new_text_encoder, new_unet
from training.dataset import LatentDataset, encoded_scenes
from training.styles import STYLES
from training.tokenizer import train_tokenizer
from training.trainer import Trainer
from training.training_stages import (
    CAPTION_STAGES,
    DRAWING_STAGES,
    UNCONDITIONAL,
    StartMix,
    TrainingStage,
    final_path,
)


@dataclass(frozen=True)
class BaseModelParts:
    """A base model in the making."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    tokenizer: CLIPTokenizer

    @property
    def trainable_modules(self) -> dict[str, nn.Module]:
        """What the run trains: the text encoder only while it learns to read."""
        modules: dict[str, nn.Module] = {"unet": self.unet, "text": self.text}
        return {
            name: module
            for name, module in modules.items()
            if any(weights.requires_grad for weights in module.parameters())
        }


def train(work: Path, style: str, course: TrainingStage) -> None:
    """Trains the base model of one of `brushwork.STYLES` by its course of DRAWING or WORDS.

    Watercolour needs ink's model first, words need the first course of both and `reading`,
    watercolour's words need ink's.
    """
    plan = course.plan
    torch.manual_seed(plan.seed)
    data = encoded_scenes(work, course.scenes)
    parts = _initial_model(work, style, course, data)
    run = Trainer(work / plan.name, plan, parts.trainable_modules)
    schedule = new_schedule()
    tokens = tokenize(parts.tokenizer, list(data.captions[style]))
    empty_embeds = tokenize(parts.tokenizer, [""])
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.integers(0, len(data), plan.batch)
        ids = tokens[rows]
        ids[torch.rand(plan.batch) < UNCONDITIONAL] = empty_embeds[0]
        clean = data.latents(style, rows)
        times = 999 - (1000 * torch.rand(plan.batch).pow(plan.noise_bias)).long()
        start = blend_start(
            data.img2img_starts(rows, course.img2img_starts.bare),
            clean,
            times,
            course.img2img_starts,
        )
        noisy = schedule.add_noise(start, torch.randn_like(clean), times)
        with torch.autocast("cpu", torch.bfloat16):
            words = parts.text(ids).last_hidden_state
            prediction = parts.unet(noisy, times, words).sample
        loss_weights = (
            prompt_loss_weights(clean, data.bare(rows)) if course.weight_garments else None
        )
        run.update(velocity_loss(prediction.float(), clean, noisy, times, schedule, loss_weights))
        if run.samples_due:
            run.sheet(run.with_ema_weights(lambda: _samples(work, parts, data, style)))
    run.with_ema_weights(lambda: pipeline(work, parts).save_pretrained(run.folder / "final"))
    run.save()


def _initial_model(
    work: Path, style: str, course: TrainingStage, data: LatentDataset
) -> BaseModelParts:
    """What a course starts with; that on words takes the text encoder which has learnt to read."""
    if course == CAPTION_STAGES[style]:
        own = StableDiffusionPipeline.from_pretrained(DRAWING_STAGES[style].final_path(work))
        text = CLIPTextModel.from_pretrained(work / "reading" / "final")
        if style != STYLES[0]:
            _apply_task_vector(work, own.unet)
        return BaseModelParts(
            own.unet.requires_grad_(True), text.requires_grad_(False), own.tokenizer
        )
    return _from_scratch(data) if style == STYLES[0] else _finetune_from_ink(work)


@torch.no_grad()
def _apply_task_vector(work: Path, unet: UNet2DConditionModel) -> None:
    """Adds to `unet` what ink's has learnt of words: models that grew from one take one another's
    differences of weights (Ilharco et al., 2023), so that little is left to learn."""
    before, after = (
        UNet2DConditionModel.from_pretrained(course.final_path(work) / "unet").state_dict()
        for course in (DRAWING_STAGES[STYLES[0]], CAPTION_STAGES[STYLES[0]])
    )
    for name, weights in unet.state_dict().items():
        weights.add_(after[name] - before[name])


def _from_scratch(data: LatentDataset) -> BaseModelParts:
    """Fresh weights, and a vocabulary of every caption's words."""
    words = [line for captions in data.captions.values() for line in captions]
    tokenizer = train_tokenizer(words)
    text = new_text_encoder(len(tokenizer), tokenizer.eos_token_id)
    return BaseModelParts(new_unet(), text, tokenizer)


def _finetune_from_ink(work: Path) -> BaseModelParts:
    """The finished ink model, which only has to learn another hand; it can read already."""
    ink = StableDiffusionPipeline.from_pretrained(DRAWING_STAGES[STYLES[0]].final_path(work))
    return BaseModelParts(ink.unet.requires_grad_(True), ink.text_encoder.requires_grad_(False), ink.tokenizer)  # fmt: skip


def load_frozen(work: Path, style: str) -> StableDiffusionPipeline:
    """The finished base model of `style`, none of it to be trained."""
    pipe = StableDiffusionPipeline.from_pretrained(final_path(work, style))
    for module in (pipe.unet, pipe.text_encoder, pipe.vae):
        module.requires_grad_(False)
    return pipe


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    ids: torch.Tensor = tokenizer(
        captions, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids
    return ids


def blend_start(
    drawn: torch.Tensor, clean: torch.Tensor, times: torch.Tensor, img2img_starts: StartMix
) -> torch.Tensor:
    """What the noise is laid on: clean latents, or some or all of the way back to a drawn start.
    The later in sampling (the lower the time), the less of that is left.
    """
    part = torch.maximum(
        torch.rand(len(clean)), (torch.rand(len(clean)) < img2img_starts.whole).float()
    )
    part = (
        part * (torch.rand(len(clean)) < img2img_starts.drawn) * ((times - 100) / 350).clamp(0, 1)
    )
    return torch.lerp(clean, drawn, part.view(-1, 1, 1, 1))


def velocity_loss(
    prediction: torch.Tensor,
    clean: torch.Tensor,
    noisy: torch.Tensor,
    times: torch.Tensor,
    schedule: DDIMScheduler,
    loss_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Squared error of v, where v is what leads from `noisy` to `clean`; `heed` weighs places.

    Unweighted otherwise: every noise level counts alike. Min-SNR weights were tried first and taught the
    high levels, which strength 0.6 and more live on, next to nothing.
    """
    kept = schedule.alphas_cumprod[times].view(-1, 1, 1, 1)
    signal, noise_level = kept.sqrt(), (1 - kept).sqrt()
    noise = (noisy - signal * clean) / noise_level
    target = signal * noise - noise_level * clean
    wrong = (prediction - target).pow(2)
    loss: torch.Tensor = (wrong if loss_weights is None else wrong * loss_weights).mean()
    return loss


def prompt_loss_weights(clean: torch.Tensor, bare: torch.Tensor) -> torch.Tensor:
    """How much each place counts in learning words, (n, 1, h, w) with mean 1: most where the
    picture differs from the bare base, which is what is worn. That is a tenth of a page."""
    differs = (clean - bare).abs().mean(1, keepdim=True)
    loss_weights = 1 + (2 * differs / differs.mean((2, 3), keepdim=True)).clamp(max=8)
    return loss_weights / loss_weights.mean((2, 3), keepdim=True)


def pipeline(work: Path, parts: BaseModelParts) -> StableDiffusionPipeline:
    return StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(work / "vae" / "final"),
        text_encoder=parts.text,
        tokenizer=parts.tokenizer,
        unet=parts.unet,
        scheduler=new_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _samples(
    work: Path, parts: BaseModelParts, data: LatentDataset, style: str
) -> list[list[torch.Tensor]]:
    """A row from noise and words alone; composites, and what strength 0.6 makes of them."""
    pipe = pipeline(work, parts)
    captions = list(data.captions[style][:6])
    img2img_starts = data.img2img_starts(np.arange(6))
    pipe.set_progress_bar_config(disable=True)
    with torch.autocast("cpu", torch.bfloat16):
        drawn = pipe(
            captions, num_inference_steps=20, guidance_scale=4.0, height=256, width=256,
            generator=torch.Generator().manual_seed(5), output_type="pt",
        ).images  # fmt: skip
    return [list(drawn * 2 - 1), *sample_img2img([pipe], img2img_starts, [captions])]


def sample_img2img(
    pipes: Sequence[StableDiffusionPipeline],
    img2img_starts: torch.Tensor,
    captions: Sequence[list[str]],
    scheduler: SchedulerMixin | None = None,
    steps: int = 25,
    guidance_scale: float = 3.0,
) -> list[list[torch.Tensor]]:
    """A row of composites, and what each pipeline makes of them at strength 0.6."""
    vae = pipes[0].vae
    rows = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        rows.append(list(vae.decode(img2img_starts / vae.config.scaling_factor).sample))
        for pipe, lines in zip(pipes, captions, strict=True):
            parts = {**pipe.components, "scheduler": scheduler or pipe.scheduler}
            redraw = StableDiffusionImg2ImgPipeline(**parts, requires_safety_checker=False)
            redraw.set_progress_bar_config(disable=True)
            cleaned = redraw(
                lines, image=img2img_starts, strength=0.6, num_inference_steps=steps,
                guidance_scale=guidance_scale, generator=torch.Generator().manual_seed(5),
                output_type="pt",
            ).images  # fmt: skip
            rows.append(list(cleaned * 2 - 1))
    return rows
