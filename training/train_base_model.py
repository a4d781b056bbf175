"""Trains the pocket base models: one UNet on both styles first, then a copy of it on each.

Some examples start from the composite's latents, or the bare base's, and are asked for the target
all the same: that is what img2img does to them, and it teaches the model to clean up a doodle.
Where neither doodle nor words ask for clothes, the target is the bare figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from training.architectures import new_schedule, new_unet
from training.dataset import BARE, LatentDataset
from training.runtime import Runtime
from training.sampling import sample
from training.styles import STYLES
from training.trainer import Trainer, TrainingConfig

LEARNING_RATE, STYLE_LEARNING_RATE = 1e-3, 5e-4
UNCONDITIONAL, BARE_CAPTIONS = 0.12, 0.25
"""Shares of captions left out, for classifier-free guidance (Ho and Salimans, 2022), and of those
that say nothing of clothes."""
NOISE_BIAS = 1.2
"""Over 1: more of the high noise levels; times are drawn as 1 - u ** NOISE_BIAS."""
FACE_EXTRA = 1.0


@dataclass(frozen=True)
class StartMix:
    """What the noise is laid on, as shares 0-1 of the examples.

    `drawn` start from the composite or the bare base, `bare` of those from the base, and `whole`
    of those have none of the target in them. However high the noise, a start shows through
    (Lin et al., 2024): a model that has always found the colors there does not look for them in
    the words.
    """

    drawn: float
    bare: float
    whole: float


STARTS = StartMix(drawn=0.6, bare=0.35, whole=0.5)


@dataclass(frozen=True)
class Batch:
    """What one step is taught: latents (n, c, h, w), embeddings, times and places' weights."""

    rows: torch.Tensor
    clean: torch.Tensor
    noisy: torch.Tensor
    times: torch.Tensor
    text_embeds: torch.Tensor
    weights: torch.Tensor


def train(
    work: Path,
    runtime: Runtime,
    data: LatentDataset,
    config: TrainingConfig,
    styles: Sequence[str] = STYLES,
    start_from: str | None = None,
) -> None:
    """Trains a UNet on `styles`, from fresh weights or the finished model named `start_from`."""
    torch.manual_seed(config.seed)
    if start_from is None:
        unet = new_unet(data.models.vae.config.latent_channels)
    else:
        unet = UNet2DConditionModel.from_pretrained(work / start_from / "final" / "unet")
    runtime.place(unet).requires_grad_(requires_grad=True)
    trainer = Trainer(work / config.name, config, {"unet": unet}, runtime)
    schedule = DeviceSchedule(runtime.device)
    batch = runtime.batch(192, 24)
    places = torch.tensor([STYLES.index(style) for style in styles], device=runtime.device)
    style = places.repeat(batch)[:batch]

    def loss() -> torch.Tensor:
        taught = sample_batch(data, style, STARTS, schedule)
        with runtime.autocast():
            prediction = predicted(unet, taught)
        return velocity_loss(prediction, taught, schedule)

    trainer.run(loss, on_interval=data.refresh)
    trainer.finish(
        lambda: unet.save_pretrained(trainer.folder / "final" / "unet"),
        lambda: _show(trainer, unet, data, styles),
    )


def sample_batch(
    data: LatentDataset,
    style: torch.Tensor,
    starts: StartMix,
    schedule: "DeviceSchedule",
    rows: torch.Tensor | None = None,
    noise_bias: float = NOISE_BIAS,
) -> Batch:
    """Random scenes in the styles of these numbers, (n,), as they are met while sampling."""
    batch, device = len(style), style.device
    rows = data.rows(batch) if rows is None else rows
    base = data.base_latents(rows)
    # Marks are told by nothing but the composite: seen without it they would be made up elsewhere.
    marked = data.scenes.fields["marked"][rows] > 0
    use_base = (torch.rand(batch, device=device) < starts.bare) & ~marked
    chance = torch.rand(batch, device=device)
    empty, says_nothing = chance < UNCONDITIONAL, chance < UNCONDITIONAL + BARE_CAPTIONS
    lines = data.bare_embeds[
        style, (torch.rand(batch, device=device) * data.bare_embeds.shape[1]).long()
    ]
    text_embeds = torch.where(says_nothing[:, None, None], lines, data.embeds[rows, style])
    text_embeds = torch.where(empty[:, None, None], data.empty_embeds, text_embeds)
    bare = data.latents[rows, BARE + style].float()
    dressed = data.latents[rows, style].float()
    clean = torch.where((use_base & says_nothing)[:, None, None, None], bare, dressed)
    drawn = torch.where(use_base[:, None, None, None], base, data.composites(rows))
    times = (999 - 1000 * torch.rand(batch, device=device).pow(noise_bias)).clamp(0, 999).long()
    start = blend_start(drawn, clean, times, starts, marked)
    noisy = schedule.add_noise(start, torch.randn_like(clean), times)
    faces = data.scenes.face_weights(rows, clean.shape[-1], FACE_EXTRA)
    weights = 0.5 * (1 + prompt_loss_weights(clean, bare)) * faces
    return Batch(
        rows, clean, noisy, times, text_embeds, weights / weights.mean((2, 3), keepdim=True)
    )


def predicted(unet: UNet2DConditionModel, batch: Batch, **residuals: object) -> torch.Tensor:
    """What `unet` says of a batch, (n, 4, h, w) in float32."""
    dtype = batch.text_embeds.dtype
    output: torch.Tensor = unet(
        batch.noisy.to(dtype), batch.times, batch.text_embeds, **residuals
    ).sample
    return output.float()


def blend_start(
    drawn: torch.Tensor,
    clean: torch.Tensor,
    times: torch.Tensor,
    starts: StartMix,
    always: torch.Tensor | None = None,
) -> torch.Tensor:
    """What the noise is laid on: clean latents, or some or all of the way back to a drawn start.
    The later in sampling (the lower the time), the less of that is left. Examples in the mask
    `always`, (n,), go all of the way. Latents are (n, 4, h, w), `times` (n,).
    """
    count, device = len(clean), clean.device
    whole = torch.rand(count, device=device) < starts.whole
    mixed = torch.rand(count, device=device) < starts.drawn
    if always is not None:
        whole, mixed = whole | always, mixed | always
    part = torch.maximum(torch.rand(count, device=device), whole.float())
    part = part * mixed * ((times - 100) / 350).clamp(0, 1)
    return torch.lerp(clean, drawn, part.view(-1, 1, 1, 1))


def velocity_loss(
    prediction: torch.Tensor, batch: Batch, schedule: "DeviceSchedule"
) -> torch.Tensor:
    """Squared error of v, where v is what leads from `noisy` to `clean`.

    Every noise level counts alike. Min-SNR weights were tried first and taught the high levels,
    which strength 0.6 and more live on, next to nothing. `prediction` is (n, 4, h, w), the loss a scalar.
    """
    signal, noise_level = schedule.levels(batch.times)
    noise = (batch.noisy - signal * batch.clean) / noise_level
    target = signal * noise - noise_level * batch.clean
    return ((prediction - target).pow(2) * batch.weights).mean()


def prompt_loss_weights(clean: torch.Tensor, bare: torch.Tensor) -> torch.Tensor:
    """How much each place counts in learning words, (n, 1, h, w) with mean 1: most where the
    image differs from the bare figure, which is what is worn. That is a tenth of a page."""
    differs = (clean - bare).abs().mean(1, keepdim=True)
    mean = differs.mean((2, 3), keepdim=True).clamp_min(1e-3)
    loss_weights = 1 + (2 * differs / mean).clamp(max=8)
    return loss_weights / loss_weights.mean((2, 3), keepdim=True)


class DeviceSchedule:
    """The noise schedule's arithmetic on the device; diffusers' own looks times up on the host."""

    def __init__(self, device: torch.device) -> None:
        self.scheduler: DDIMScheduler = new_schedule()
        self.kept = self.scheduler.alphas_cumprod.to(device)

    def levels(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Shares of signal and noise at `times`, (n, 1, 1, 1) each."""
        kept = self.kept[times].view(-1, 1, 1, 1)
        return kept.sqrt(), (1 - kept).sqrt()

    def add_noise(
        self, start: torch.Tensor, noise: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        """Latents (n, 4, h, w) with the noise that belongs to `times`, (n,)."""
        signal, noise_level = self.levels(times)
        return signal * start + noise_level * noise


def load_frozen(work: Path, runtime: Runtime, style: str) -> UNet2DConditionModel:
    """The finished UNet of `style`, not to be trained."""
    unet = UNet2DConditionModel.from_pretrained(work / f"base-{style}" / "final" / "unet")
    return runtime.place(unet).eval().requires_grad_(requires_grad=False)


def _show(
    trainer: Trainer, unet: UNet2DConditionModel, data: LatentDataset, styles: Sequence[str]
) -> None:
    """A sheet: from words alone, composites, and what they become."""
    shown = torch.arange(min(trainer.runtime.samples, data.filled), device=data.count.device)
    starts = data.composites(shown)
    rows, steps = [], trainer.runtime.sample_steps
    for style in styles:
        lines = data.scenes.captions[style][: len(shown)]
        rows += [
            sample(data.models, unet, lines, steps=steps),
            list(data.models.decode(starts)),
            sample(data.models, unet, lines, starts, steps=steps),
        ]
    trainer.save_samples(rows)
