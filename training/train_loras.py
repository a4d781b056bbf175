"""Trains the LoRAs: low-rank additions to the base models that each change one visible thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from numpy.typing import NDArray
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from studio.imaging.compose import composite
from training import train_base_model
from training.architectures import new_schedule
from training.character import SIZE
from training.dataset import encode
from training.lora_effects import EFFECTS, apply_effect
from training.painter import render_target
from training.scenes import draw_scene
from training.styles import STYLES
from training.trainer import Trainer, TrainingConfig
from training.training_stages import StartMix

SCENES = 700
FIRST_SCENE = 300_000
RANK = 8
LAYERS = (
    "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2",
    "conv1", "conv2",
)  # fmt: skip
STARTS = StartMix(drawn=0.5, bare=0.0, whole=0.4)


def plan(name: str) -> TrainingConfig:
    return TrainingConfig(
        name=f"lora-{name}", steps=600, batch=16, learning_rate=1.5e-3, sample_every=300
    )


def adapter(rank: int = RANK) -> LoraConfig:
    """The layers every LoRA of ours adds to: attention, its projections, and the convolutions."""
    return LoraConfig(
        r=rank, lora_alpha=rank, target_modules=list(LAYERS), init_lora_weights="gaussian"
    )


def train(work: Path, name: str, scenes: int = SCENES) -> None:
    """Trains the LoRA of one of `effects.EFFECTS` on both base models in turn."""
    effect, target = EFFECTS[name], plan(name)
    torch.manual_seed(target.seed)
    pipes = {style: train_base_model.load_frozen(work, style) for style in STYLES}
    unets = with_adapter([pipes[style].unet for style in STYLES])
    run = Trainer(work / target.name, target, {"unet": unets[0]})
    data = _drawn(pipes[STYLES[0]].vae, name, scenes)
    tokenizer, text = pipes[STYLES[0]].tokenizer, pipes[STYLES[0]].text_encoder
    tokens = {
        style: train_base_model.tokenize(tokenizer, [f"{effect.trigger}, {line}" for line in lines])
        for style, lines in data.captions.items()
    }
    schedule = new_schedule()
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        index = int(rng.integers(len(STYLES)))
        style = STYLES[index]
        rows = rng.integers(0, scenes, target.batch)
        clean = torch.from_numpy(data.targets[style][rows]).float()
        times = torch.randint(0, 1000, (target.batch,))
        img2img_starts = torch.from_numpy(data.composites[rows]).float()
        noisy = schedule.add_noise(
            train_base_model.blend_start(img2img_starts, clean, times, STARTS),
            torch.randn_like(clean),
            times,
        )
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                words = text(tokens[style][rows]).last_hidden_state
            prediction = unets[index](noisy, times, words).sample
        run.update(
            train_base_model.velocity_loss(prediction.float(), clean, noisy, times, schedule)
        )
        if run.samples_due:
            lines = [[f"{effect.trigger}, {line}" for line in data.captions[s][:6]] for s in STYLES]
            shown = torch.from_numpy(data.composites[:6]).float()
            run.sheet(
                run.with_ema_weights(
                    partial(train_base_model.sample_img2img, list(pipes.values()), shown, lines)
                )
            )
    run.with_ema_weights(lambda: save(unets[0], run.folder / "final", name))
    run.save()


def with_adapter(
    unets: Sequence[UNet2DConditionModel], rank: int = RANK
) -> Sequence[UNet2DConditionModel]:
    """Gives frozen UNets of one architecture a LoRA whose weights they share."""
    for unet in unets:
        unet.add_adapter(adapter(rank))
    weights = dict(unets[0].named_parameters())
    for unet in unets[1:]:
        for place, module in unet.named_modules():
            for key in list(module._parameters):
                if "lora_" in (name := f"{place}.{key}") and name in weights:
                    module._parameters[key] = weights[name]
    return unets


def save(unet: UNet2DConditionModel, folder: Path, name: str) -> None:
    """Writes the UNet's LoRA as `name`.safetensors, in fp16 and under peft's names, which diffusers reads."""
    layers = get_peft_model_state_dict(unet)
    StableDiffusionPipeline.save_lora_weights(
        folder,
        unet_lora_layers={key: value.half() for key, value in layers.items()},
        weight_name=f"{name}.safetensors",
    )


@dataclass(frozen=True)
class _Drawn:
    targets: Mapping[str, NDArray[np.float16]]
    composites: NDArray[np.float16]
    captions: Mapping[str, Sequence[str]]


def _drawn(vae: AutoencoderKL, name: str, count: int) -> _Drawn:
    """Scenes with the effect in the polished picture only: the doodle does not ask for it."""
    composites = np.empty((count, SIZE, SIZE, 3), np.uint8)
    targets = {style: np.empty_like(composites) for style in STYLES}
    captions: dict[str, list[str]] = {style: [] for style in STYLES}
    for index in range(count):
        scene = draw_scene(FIRST_SCENE + index)
        character, outfit = apply_effect(EFFECTS[name], scene.character, scene.outfit)
        composites[index] = np.asarray(composite(scene.base, scene.doodle))
        for style in STYLES:
            rng = np.random.default_rng(index)
            targets[style][index] = np.asarray(render_target(character, outfit, style, rng))
            captions[style].append(scene.captions[style])
    return _Drawn(
        targets={style: encode(vae, pictures) for style, pictures in targets.items()},
        composites=encode(vae, composites),
        captions=captions,
    )
