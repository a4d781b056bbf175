"""What base models of every family share, and the seam where families differ."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from diffusers import AutoencoderKL, DiffusionPipeline, ModelMixin, SchedulerMixin

from studio.engine.diffusion.lora_pool import LoraAdapterPool
from studio.errors import RenderError
from studio.messages import Message
from studio.recipes.generation.prompt_syntax import WeightedFragment


@dataclass(frozen=True)
class PromptEmbeddings:
    """What the denoiser is told, by the names that pipelines give it; (1, n, width) or (1, width)."""

    tensors: Mapping[str, torch.Tensor]

    notes: tuple[Message, ...] = ()
    """What an operator should know of how the prompt was read."""

    token_count: int = 0
    """Of the prompt, as CLIP counts them."""

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors.values())

    @classmethod
    def concat(cls, each: Sequence["PromptEmbeddings"]) -> "PromptEmbeddings":
        """Those of a batch, (b, n, width). Raises EngineError where n differs."""
        names = each[0].tensors
        if any(one.tensors[name].shape != names[name].shape for one in each for name in names):
            raise RenderError("engine.prompt_lengths_differ")
        return cls({name: torch.cat([one.tensors[name] for one in each]) for name in names})


@dataclass(frozen=True)
class ModelFamilySpec:
    """How one family is run and spoken to. A new family is one more of these.

    `plain` and `controlled` are its image-to-image pipelines, `controlled` None where it takes
    no ControlNets; `extras` are arguments each of them is made with. `speak` turns the two
    prompts, weighted, into embeddings; its last argument is the clip skip. `optional` parts may
    be missing from a folder. `halved` names what a pipeline doubles for guidance and lets a
    callback halve; without it guidance ends by its scale alone. `flow` models walk from noise in
    straight lines and have samplers of their own. A `careful_vae` overflows in half precision
    where its configuration says so. Widths and heights are multiples of `side`, in pixels.
    """

    img2img_pipeline: type[DiffusionPipeline]
    controlnet_pipeline: type[DiffusionPipeline] | None
    encode_prompts: Callable[
        ["LoadedBaseModel", Sequence[WeightedFragment], Sequence[WeightedFragment], int],
        PromptEmbeddings,
    ]
    pipeline_kwargs: Mapping[str, object] = field(default_factory=dict)
    optional_components: tuple[str, ...] = ()
    cfg_batched_tensors: tuple[str, ...] = ()
    is_flow_matching: bool = False
    may_upcast_vae: bool = False
    side: int = 8


@dataclass(frozen=True)
class LatentScale:
    """What lies between a VAE's own numbers and those the denoiser was taught on."""

    factor: float
    shift: float = 0.0

    @classmethod
    def from_vae(cls, vae: AutoencoderKL) -> "LatentScale":
        return cls(vae.config.scaling_factor, vae.config.get("shift_factor") or 0.0)

    def to_model(self, latents: torch.Tensor) -> torch.Tensor:
        return (latents - self.shift) * self.factor

    def to_vae(self, latents: torch.Tensor) -> torch.Tensor:
        return latents / self.factor + self.shift


@dataclass(frozen=True)
class LoadedBaseModel:
    """The shared parts of one base model, by diffusers' names. Jobs borrow them, change none.

    `scale` is the one the denoiser was taught with, also when a job brings another VAE.
    """

    dialect: ModelFamilySpec
    components: Mapping[str, object]
    latent_scale: LatentScale
    lora_pool: LoraAdapterPool = field(default_factory=LoraAdapterPool)

    @property
    def vae(self) -> AutoencoderKL:
        return self.components["vae"]

    @property
    def scheduler(self) -> SchedulerMixin:
        return self.components["scheduler"]

    @property
    def denoiser(self) -> ModelMixin:
        """The UNet, or the transformer in its place."""
        name = "unet" if "unet" in self.components else "transformer"
        return cast(ModelMixin, self.components[name])

    @property
    def dtype(self) -> torch.dtype:
        weights: torch.nn.Parameter = next(self.denoiser.parameters())
        return weights.dtype

    @property
    def modules(self) -> tuple[torch.nn.Module, ...]:
        """What takes up memory, and moves."""
        parts = self.components.values()
        return tuple(part for part in parts if isinstance(part, torch.nn.Module))

    def with_vae(self, vae: AutoencoderKL) -> "LoadedBaseModel":
        return replace(self, components={**self.components, "vae": vae})
