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

from studio.imaging.compositing import overlay_doodle
from studio.pocket import base
from studio.pocket.brushwork import STYLES
from studio.pocket.courses import Starts
from studio.pocket.effects import EFFECTS, applied
from studio.pocket.figure import SIZE
from studio.pocket.latents import encode
from studio.pocket.models import new_schedule
from studio.pocket.painter import paint
from studio.pocket.scenes import draw_scene
from studio.pocket.training import Plan, Run

SCENES = 700
FIRST_SCENE = 300_000
RANK = 8
LAYERS = (
    "to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2",
    "conv1", "conv2",
)  # fmt: skip
STARTS = Starts(drawn=0.5, bare=0.0, whole=0.4)


def plan(name: str) -> Plan:
    return Plan(name=f"lora-{name}", steps=600, batch=16, learning_rate=1.5e-3, sheet_every=300)


def adapter(rank: int = RANK) -> LoraConfig:
    """The layers every LoRA of ours adds to: attention, its projections, and the convolutions."""
    return LoraConfig(
        r=rank, lora_alpha=rank, target_modules=list(LAYERS), init_lora_weights="gaussian"
    )


def train(work: Path, name: str, scenes: int = SCENES) -> None:
    """Trains the LoRA of one of `effects.EFFECTS` on both base models in turn."""
    effect, wanted = EFFECTS[name], plan(name)
    torch.manual_seed(wanted.seed)
    pipes = {style: base.frozen(work, style) for style in STYLES}
    unets = with_adapter([pipes[style].unet for style in STYLES])
    run = Run(work / wanted.name, wanted, {"unet": unets[0]})
    data = _drawn(pipes[STYLES[0]].vae, name, scenes)
    tokenizer, text = pipes[STYLES[0]].tokenizer, pipes[STYLES[0]].text_encoder
    tokens = {
        style: base.tokenize(tokenizer, [f"{effect.trigger}, {line}" for line in lines])
        for style, lines in data.captions.items()
    }
    schedule = new_schedule()
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        index = int(rng.integers(len(STYLES)))
        style = STYLES[index]
        rows = rng.integers(0, scenes, wanted.batch)
        clean = torch.from_numpy(data.polished[style][rows]).float()
        times = torch.randint(0, 1000, (wanted.batch,))
        starts = torch.from_numpy(data.composites[rows]).float()
        noisy = schedule.add_noise(
            base.towards(starts, clean, times, STARTS), torch.randn_like(clean), times
        )
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                words = text(tokens[style][rows]).last_hidden_state
            guess = unets[index](noisy, times, words).sample
        run.update(base.velocity_loss(guess.float(), clean, noisy, times, schedule))
        if run.sheet_due:
            lines = [[f"{effect.trigger}, {line}" for line in data.captions[s][:6]] for s in STYLES]
            shown = torch.from_numpy(data.composites[:6]).float()
            run.sheet(run.with_averages(partial(base.redrawn, list(pipes.values()), shown, lines)))
    run.with_averages(lambda: save(unets[0], run.folder / "final", name))
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
    polished: Mapping[str, NDArray[np.float16]]
    composites: NDArray[np.float16]
    captions: Mapping[str, Sequence[str]]


def _drawn(vae: AutoencoderKL, name: str, count: int) -> _Drawn:
    """Scenes with the effect in the polished picture only: the doodle does not ask for it."""
    composites = np.empty((count, SIZE, SIZE, 3), np.uint8)
    polished = {style: np.empty_like(composites) for style in STYLES}
    captions: dict[str, list[str]] = {style: [] for style in STYLES}
    for index in range(count):
        scene = draw_scene(FIRST_SCENE + index)
        figure, outfit = applied(EFFECTS[name], scene.figure, scene.outfit)
        composites[index] = np.asarray(overlay_doodle(scene.base, scene.doodle))
        for style in STYLES:
            rng = np.random.default_rng(index)
            polished[style][index] = np.asarray(paint(figure, outfit, style, rng))
            captions[style].append(scene.captions[style])
    return _Drawn(
        polished={style: encode(vae, pictures) for style, pictures in polished.items()},
        composites=encode(vae, composites),
        captions=captions,
    )
