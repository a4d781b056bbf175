"""Trains the scribble, lineart and pose ControlNets together, the base models frozen.

Recipes combine them, so they are taught together: of each batch some examples see one of them,
some a pair. The two base models take turns from example to example, so that every net works on
both.
"""

from pathlib import Path

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch.nn import functional

from training import train_base_model
from training.architectures import new_controlnet
from training.dataset import ADVERSARIAL, CONTROLS, LatentDataset
from training.runtime import Runtime
from training.sampling import sample
from training.styles import STYLES
from training.train_base_model import Batch, DeviceSchedule, StartMix
from training.trainer import Trainer, TrainingConfig

LEARNING_RATE = 7e-4
SPANS = {"scribble": (0.0, 0.42), "pose": (0.18, 0.82), "lineart": (0.62, 1.0)}
"""Which part of a batch each net sees: 18 % scribble alone, 24 % scribble and pose, 20 % pose,
20 % pose and lineart, 18 % lineart."""
STARTS = StartMix(drawn=0.6, bare=0.2, whole=0.5)


def train(work: Path, runtime: Runtime, data: LatentDataset, config: TrainingConfig) -> None:
    torch.manual_seed(config.seed)
    unets = [train_base_model.load_frozen(work, runtime, style) for style in STYLES]
    nets = {
        name: runtime.place(new_controlnet(unets[0])).requires_grad_(requires_grad=True)
        for name in CONTROLS
    }
    trainer = Trainer(work / config.name, config, dict(nets), runtime)
    schedule = DeviceSchedule(runtime.device)
    batch = runtime.batch(128, 16)
    batch += batch % 2
    numbers = torch.arange(batch, device=runtime.device)
    style = numbers % len(STYLES)
    spans = {
        name: (round(first * batch), round(last * batch)) for name, (first, last) in SPANS.items()
    }
    with_pose = (numbers >= spans["pose"][0]) & (numbers < spans["pose"][1])

    def loss() -> torch.Tensor:
        rows = data.rows(batch)
        # A page without shapes tells nothing without the pose: the next scene takes its place.
        lost = (data.scenes.fields["kind"][rows] == ADVERSARIAL) & ~with_pose
        rows = torch.where(lost, (rows - 1).clamp_min(0), rows)
        taught = train_base_model.sample_batch(data, style, STARTS, schedule, rows)
        with runtime.autocast():
            down, middle = _residuals(nets, data, taught, spans)
            prediction = _predicted(unets, taught, down, middle)
        return train_base_model.velocity_loss(prediction, taught, schedule)

    trainer.run(loss, on_interval=data.refresh)
    trainer.finish(
        lambda: _save(trainer, nets),
        lambda: trainer.save_samples(_samples(unets, nets, data, runtime)),
    )


def _residuals(
    nets: dict[str, ControlNetModel],
    data: LatentDataset,
    batch: Batch,
    spans: dict[str, tuple[int, int]],
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The nets' outputs for the whole batch, 0 where a net does not look: (n, channels, h, w) of each block."""
    count, outputs = len(batch.rows), []
    for name, net in nets.items():
        first, last = spans[name]
        part = slice(first, last)
        down, middle = net(
            batch.noisy[part].to(batch.text_embeds.dtype),
            batch.times[part],
            batch.text_embeds[part],
            controlnet_cond=data.scenes.maps(name, batch.rows[part]),
            return_dict=False,
        )
        outputs.append([_padded(each, first, count - last) for each in (*down, middle)])
    sums = [torch.stack(each).sum(0) for each in zip(*outputs, strict=True)]
    return sums[:-1], sums[-1]


def _padded(values: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """(n, channels, h, w) with so many images of zeros before and after."""
    return functional.pad(values, (0, 0, 0, 0, 0, 0, before, after))


def _predicted(
    unets: list[UNet2DConditionModel],
    batch: Batch,
    down: list[torch.Tensor],
    middle: torch.Tensor,
) -> torch.Tensor:
    """Every second example by the one base model, the others by the other: (n, 4, h, w) in float32."""
    parts = []
    for place, unet in enumerate(unets):
        turn = slice(place, None, len(unets))
        parts.append(
            unet(
                batch.noisy[turn].to(batch.text_embeds.dtype),
                batch.times[turn],
                batch.text_embeds[turn],
                down_block_additional_residuals=[each[turn] for each in down],
                mid_block_additional_residual=middle[turn],
            ).sample.float()
        )
    prediction = torch.stack(parts, dim=1)
    return prediction.flatten(0, 1)


def _save(trainer: Trainer, nets: dict[str, ControlNetModel]) -> None:
    for name, net in nets.items():
        net.save_pretrained(trainer.folder / "final" / name)


@torch.no_grad()
def _samples(
    unets: list[UNet2DConditionModel],
    nets: dict[str, ControlNetModel],
    data: LatentDataset,
    runtime: Runtime,
) -> list[list[torch.Tensor]]:
    """Composites, and what each base model makes of them with lines and pose: (3, 256, 256) each, -1..1."""
    rows = torch.arange(min(runtime.samples + 4, data.filled), device=data.count.device)
    starts = data.composites(rows)
    images = [list(data.models.decode(starts))]
    for place, lines, strength in ((0, "scribble", 0.6), (1, "lineart", 0.75), (0, "lineart", 0.9)):
        controls = {name: (nets[name], data.scenes.maps(name, rows)) for name in (lines, "pose")}
        captions = data.scenes.captions[STYLES[place]][: len(rows)]
        images.append(
            sample(
                data.models,
                unets[place],
                captions,
                starts,
                strength,
                controls,
                steps=runtime.sample_steps,
                guidance_scale=2.0,
            )
        )
    return images
