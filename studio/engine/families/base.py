"""What base models of every family have in common, and the specification of what differs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from diffusers import AutoencoderKL, DiffusionPipeline, ModelMixin, SchedulerMixin

from studio.engine.diffusion.lora_pool import LoraAdapterPool
from studio.errors import RenderError
from studio.messages import Message
from studio.recipes.generation.prompt_syntax import WeightedFragment

MAX_PADDING = 4
"""Times the longest prompt of a batch that its padded prompts may be as long."""

POOLED_EMBEDDING_NAMES = (
    "prompt_embeds",
    "negative_prompt_embeds",
    "pooled_prompt_embeds",
    "negative_pooled_prompt_embeds",
)
"""The tensors of families with pooled embeddings, in the order of diffusers' `encode_prompt`."""


@dataclass(frozen=True)
class PromptEmbeddings:
    """Both prompts encoded, by the names of diffusers' pipeline arguments."""

    tensors: Mapping[str, torch.Tensor]
    """`prompt_embeds` and its like (batch, tokens, width); `pooled_prompt_embeds` (batch, width)."""

    notes: tuple[Message, ...] = ()
    """Warnings for the operator, e.g. that the prompt was truncated."""

    token_count: int = 0
    """CLIP tokens of the positive prompt."""

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors.values())

    @classmethod
    def concat(cls, embeddings: Sequence["PromptEmbeddings"]) -> "PromptEmbeddings":
        """The embeddings of a batch of jobs, concatenated along the batch dimension.

        Prompts of different lengths are repeated up to their least common multiple: attention over
        every token n times equals attention over each once, so that a padded prompt draws what it
        draws alone, but for the last bits.

        Raises RenderError when that is more than `MAX_PADDING` times the longest prompt.
        """
        return cls(
            {
                name: torch.cat(_repeat_to_one_length([e.tensors[name] for e in embeddings]))
                for name in embeddings[0].tensors
            }
        )


def _repeat_to_one_length(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """(1, tokens, width) to (1, least common multiple, width); (1, width) as they are."""
    if tensors[0].ndim == 2:
        return list(tensors)
    lengths = [tensor.shape[1] for tensor in tensors]
    length = math.lcm(*lengths)
    if length > MAX_PADDING * max(lengths):
        raise RenderError("engine.prompt_lengths_differ")
    return [tensor.repeat(1, length // tensor.shape[1], 1) for tensor in tensors]


@dataclass(frozen=True)
class ModelFamilySpec:
    """How the models of one family are run. A new family is one more instance of this."""

    img2img_pipeline: type[DiffusionPipeline]

    controlnet_pipeline: type[DiffusionPipeline] | None
    """Image-to-image with ControlNets; None when the family takes none."""

    encode_prompts: Callable[
        ["LoadedBaseModel", Sequence[WeightedFragment], Sequence[WeightedFragment], int],
        PromptEmbeddings,
    ]
    """Called with the base model, the positive and the negative prompt, and the clip skip."""

    pipeline_kwargs: Mapping[str, object] = field(default_factory=dict)
    """Further arguments of both pipelines' constructors."""

    optional_components: tuple[str, ...] = ()
    """Components that a diffusers folder may leave out."""

    cfg_batched_tensors: tuple[str, ...] = ()
    """Tensors that the pipeline doubles for classifier-free guidance and that a step callback may
    replace. Without them guidance can be ended only by its scale."""

    is_flow_matching: bool = False
    """Flow matching models have schedulers of their own."""

    takes_references: bool = False
    """Whether IP-Adapters can be plugged into the denoiser."""

    may_upcast_vae: bool = False
    """The VAE stays in fp32 when its configuration says `force_upcast`: it overflows in fp16."""

    size_multiple: int = 8
    """Widths and heights are multiples of this, in pixels."""


@dataclass(frozen=True)
class LatentScale:
    """Scaling between the VAE's latents and those the denoiser was trained on."""

    factor: float
    shift: float = 0.0

    @classmethod
    def from_vae(cls, vae: AutoencoderKL) -> "LatentScale":
        """From the VAE's configuration: `scaling_factor` and `shift_factor`."""
        return cls(vae.config.scaling_factor, vae.config.get("shift_factor") or 0.0)

    def to_model(self, latents: torch.Tensor) -> torch.Tensor:
        """Scaled latents from the VAE's; (batch, channels, height/8, width/8), shape unchanged."""
        return (latents - self.shift) * self.factor

    def to_vae(self, latents: torch.Tensor) -> torch.Tensor:
        """The VAE's latents from scaled ones; (batch, channels, height/8, width/8), shape unchanged."""
        return latents / self.factor + self.shift


@dataclass(frozen=True)
class LoadedBaseModel:
    """The shared components of one base model. Jobs borrow them and change none."""

    family: ModelFamilySpec

    components: Mapping[str, object]
    """By diffusers' names; the keys are a pipeline's constructor arguments."""

    latent_scale: LatentScale
    """The denoiser's, also when a job brings another VAE."""

    lora_pool: LoraAdapterPool = field(default_factory=LoraAdapterPool)

    @property
    def vae(self) -> AutoencoderKL:
        return self.components["vae"]

    @property
    def scheduler(self) -> SchedulerMixin:
        """The noise schedule the model was trained with; each job makes a scheduler of its own."""
        return self.components["scheduler"]

    @property
    def denoiser(self) -> ModelMixin:
        """The UNet, or the transformer of families without one."""
        name = "unet" if "unet" in self.components else "transformer"
        return cast(ModelMixin, self.components[name])

    @property
    def dtype(self) -> torch.dtype:
        weight: torch.nn.Parameter = next(self.denoiser.parameters())
        return weight.dtype

    @property
    def modules(self) -> tuple[torch.nn.Module, ...]:
        """The components that hold weights."""
        components = self.components.values()
        return tuple(module for module in components if isinstance(module, torch.nn.Module))

    def with_vae(self, vae: AutoencoderKL) -> "LoadedBaseModel":
        """The same base model with another VAE; all else is shared."""
        return replace(self, components={**self.components, "vae": vae})
