"""Loads base models, VAEs and ControlNets from diffusers folders, offline."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    SchedulerMixin,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

from studio.engine.loras import LoraBank
from studio.errors import DamagedModel
from studio.library.files import check_whole, weight_files

Module = TypeVar("Module", bound=torch.nn.Module)


@dataclass(frozen=True)
class BaseModel:
    """The shared modules of one base model. Jobs borrow them and change none."""

    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    unet: UNet2DConditionModel
    scheduler: SchedulerMixin
    loras: LoraBank = field(default_factory=LoraBank)

    @property
    def modules(self) -> tuple[torch.nn.Module, ...]:
        """What takes up memory, and moves."""
        return (self.vae, self.text_encoder, self.unet)


def load_base_model(path: Path, dtype: torch.dtype) -> BaseModel:
    """Reads a base model into RAM."""
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
            module.eval().requires_grad_(False)
    return BaseModel(pipe.vae, pipe.text_encoder, pipe.tokenizer, pipe.unet, pipe.scheduler)


def load_vae(path: Path, dtype: torch.dtype) -> AutoencoderKL:
    return _load(AutoencoderKL, path, dtype)


def load_controlnet(path: Path, dtype: torch.dtype) -> ControlNetModel:
    return _load(ControlNetModel, path, dtype)


def _load(kind: type[Module], path: Path, dtype: torch.dtype) -> Module:
    with _Named(path):
        module = kind.from_pretrained(  # type: ignore[attr-defined]
            path, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    loaded: Module = module.eval().requires_grad_(False)
    return loaded


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
