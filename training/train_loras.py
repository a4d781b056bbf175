"""Trains the LoRAs: low-rank additions to the base models that each change one visible thing."""

from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from training import train_base_model
from training.dataset import LatentDataset
from training.runtime import Runtime
from training.sampling import sample
from training.styles import STYLES
from training.train_base_model import DeviceSchedule, StartMix
from training.trainer import Trainer, TrainingConfig

RANK = 8
LEARNING_RATE = 1.5e-3
LAYERS = (
    "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2",
    "conv1", "conv2",
)  # fmt: skip
STARTS = StartMix(drawn=0.5, bare=0.0, whole=0.4)


def adapter(rank: int = RANK) -> LoraConfig:
    """The layers every LoRA of ours adds to: attention, its projections, and the convolutions."""
    return LoraConfig(
        r=rank, lora_alpha=rank, target_modules=list(LAYERS), init_lora_weights="gaussian"
    )


def train(
    work: Path, runtime: Runtime, data: LatentDataset, config: TrainingConfig, name: str
) -> None:
    """Trains the LoRA of `data`'s effect on both base models in turn."""
    torch.manual_seed(config.seed)
    unets = with_adapter(
        [train_base_model.load_frozen(work, runtime, style) for style in STYLES], runtime
    )
    trainer = Trainer(work / config.name, config, {"unet": unets[0]}, runtime)
    schedule = DeviceSchedule(runtime.device)
    batch = runtime.batch(64, 16)
    batch += batch % 2
    style = torch.arange(batch, device=runtime.device) // (batch // 2)

    def loss() -> torch.Tensor:
        taught = train_base_model.sample_batch(data, style, STARTS, schedule, noise_bias=1.0)
        halves = taught.noisy.to(taught.text_embeds.dtype).chunk(2)
        with runtime.autocast():
            parts = [
                unet(half, times, text_embeds).sample.float()
                for unet, half, times, text_embeds in zip(
                    unets, halves, taught.times.chunk(2), taught.text_embeds.chunk(2), strict=True
                )
            ]
        return train_base_model.velocity_loss(torch.cat(parts), taught, schedule)

    trainer.run(loss, on_interval=data.refresh)
    trainer.finish(
        lambda: save(unets[0], trainer.folder / "final", name), lambda: _show(trainer, unets, data)
    )


def with_adapter(
    unets: Sequence[UNet2DConditionModel], runtime: Runtime, rank: int = RANK
) -> list[UNet2DConditionModel]:
    """Gives frozen UNets of one architecture a LoRA whose weights they share."""
    for unet in unets:
        unet.add_adapter(adapter(rank))
        runtime.place(unet)
    weights = dict(unets[0].named_parameters())
    for unet in unets[1:]:
        for place, module in unet.named_modules():
            for key in list(module._parameters):
                if "lora_" in (name := f"{place}.{key}") and name in weights:
                    module._parameters[key] = weights[name]
    return list(unets)


def save(unet: UNet2DConditionModel, folder: Path, name: str) -> None:
    """Writes the UNet's LoRA as `name`.safetensors, in fp16 and under peft's names, which diffusers reads."""
    layers = get_peft_model_state_dict(unet)
    StableDiffusionPipeline.save_lora_weights(
        folder,
        unet_lora_layers={key: value.half().contiguous() for key, value in layers.items()},
        weight_name=f"{name}.safetensors",
    )


def _show(trainer: Trainer, unets: list[UNet2DConditionModel], data: LatentDataset) -> None:
    shown = torch.arange(min(trainer.runtime.samples, data.filled), device=data.count.device)
    starts = data.composites(shown)
    rows = [list(data.models.decode(starts))]
    for style, unet in zip(STYLES, unets, strict=True):
        lines, steps = data.scenes.captions[style][: len(shown)], trainer.runtime.sample_steps
        rows.append(sample(data.models, unet, lines, starts, steps=steps))
    trainer.save_samples(rows)
