"""Loads base models, VAEs and ControlNets from diffusers folders, offline."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    SchedulerMixin,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

from studio.errors import DamagedModel
from studio.library.files import check_whole, weight_files


@dataclass(frozen=True)
class BaseModel:
    """The shared modules of one base model. Jobs borrow them and change none."""

    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    unet: UNet2DConditionModel
    scheduler: SchedulerMixin


def load_base_model(path: Path, device: torch.device, dtype: torch.dtype) -> BaseModel:
    with _Named(path):
        pipe = StableDiffusionPipeline.from_pretrained(
            path,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            safety_checker=None,
            requires_safety_checker=False,
        )
        for module in (pipe.vae, pipe.text_encoder, pipe.unet):
            module.eval().requires_grad_(False).to(device)
    return BaseModel(pipe.vae, pipe.text_encoder, pipe.tokenizer, pipe.unet, pipe.scheduler)


def load_vae(path: Path, device: torch.device, dtype: torch.dtype) -> AutoencoderKL:
    with _Named(path):
        vae: AutoencoderKL = AutoencoderKL.from_pretrained(
            path, dtype=dtype, use_safetensors=True, local_files_only=True
        )
        vae.eval().requires_grad_(False).to(device)
    return vae


def load_controlnet(path: Path, device: torch.device, dtype: torch.dtype) -> ControlNetModel:
    with _Named(path):
        net: ControlNetModel = ControlNetModel.from_pretrained(
            path, dtype=dtype, use_safetensors=True, local_files_only=True
        )
        net.eval().requires_grad_(False).to(device)
    return net


class _Named:
    """Checks a model's files beforehand and turns a loader's errors into one that names it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        check_whole(weight_files(self._path))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if isinstance(error, (OSError, ValueError, RuntimeError, KeyError)):
            reason = str(error).strip().splitlines()[0] if str(error).strip() else kind
            raise DamagedModel(
                f"model {self._path.name} cannot be loaded from {self._path} ({reason}):"
                " put its files in place again"
            ) from error
