"""DeepCache (Ma et al., 2024): between every few steps the UNet's deep features are reused.

A full step keeps what enters the last layer of the last block. In the steps between, only the first
convolution and that last layer run; of the ControlNets, only the residual of the first convolution
reaches it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn


@dataclass
class DeepFeatures:
    """Which steps of one pass run every layer, and the features that the others reuse."""

    interval: int
    """Every so many steps are full ones; 1: all."""

    timesteps: list[float] = field(default_factory=list)
    """The sampler's whole schedule. Evaluations at one timestep are of one kind."""

    features: torch.Tensor | None = None
    """(batch, channels, height/8, width/8) of the last full step."""

    _start: int = 0

    def needs_full_step(self, timestep: float) -> bool:
        """Whether the evaluation at this timestep runs every layer."""
        place = self.timesteps.index(timestep)
        if self.features is None:
            self._start = place
        return (place - self._start) % self.interval == 0

    def reset(self) -> None:
        """Makes the next step a full one: the features have the old batch size."""
        self.features = None


@contextmanager
def deep_features_of(unet: UNet2DConditionModel) -> Iterator[list[torch.Tensor]]:
    """Collects the deep features, (batch, channels, height/8, width/8), of an evaluation in the block."""
    collected: list[torch.Tensor] = []

    def collect(_layer: nn.Module, _inputs: object, output: Any) -> None:
        collected.append(output[0] if isinstance(output, tuple) else output)

    handle = _layers(unet)[-2].register_forward_hook(collect)
    try:
        yield collected
    finally:
        handle.remove()


def run_last_layer(
    unet: UNet2DConditionModel,
    sample: torch.Tensor,
    timestep: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    features: torch.Tensor,
    first_residual: torch.Tensor | None,
    timestep_cond: torch.Tensor | None = None,
    added_cond_kwargs: Mapping[str, Any] | None = None,
) -> torch.Tensor:
    """The UNet's prediction from the deep features of another step.

    Args:
        unet: the UNet.
        sample: (batch, 4, height/8, width/8), as the prediction.
        timestep: scalar.
        encoder_hidden_states: (batch, tokens, width).
        features: (batch, channels, height/8, width/8).
        first_residual: the ControlNets' for the first convolution, shaped like its output.
        timestep_cond: (batch, width), of distilled models.
        added_cond_kwargs: SDXL's, (batch, width) each, and a list of the references' tokens, (batch, 1,
            tokens, width).
    """
    embedding, embeds = _embed(
        unet, sample, timestep, encoder_hidden_states, timestep_cond, added_cond_kwargs
    )
    skipped = unet.conv_in(2 * sample - 1.0 if unet.config.center_input_sample else sample)
    if first_residual is not None:
        skipped = skipped + first_residual
    block = unet.up_blocks[-1]
    hidden = block.resnets[-1](torch.cat([features, skipped], dim=1), embedding)
    if _has_attention(block):
        hidden = block.attentions[-1](hidden, encoder_hidden_states=embeds, return_dict=False)[0]
    if unet.conv_norm_out is not None:
        hidden = unet.conv_act(unet.conv_norm_out(hidden))
    prediction: torch.Tensor = unet.conv_out(hidden)
    return prediction


def _embed(
    unet: UNet2DConditionModel,
    sample: torch.Tensor,
    timestep: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    timestep_cond: torch.Tensor | None,
    added_cond_kwargs: Mapping[str, Any] | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The time embedding (batch, width) and the prompts' (batch, tokens, width), as the UNet's forward
    method makes them; shapes of the arguments as in `run_last_layer`."""
    embedding = unet.time_embedding(unet.get_time_embed(sample, timestep), timestep_cond)
    added = unet.get_aug_embed(
        emb=embedding,
        encoder_hidden_states=encoder_hidden_states,
        added_cond_kwargs=added_cond_kwargs,
    )
    if added is not None:
        embedding = embedding + added
    if unet.time_embed_act is not None:
        embedding = unet.time_embed_act(embedding)
    embeds: torch.Tensor = unet.process_encoder_hidden_states(
        encoder_hidden_states=encoder_hidden_states, added_cond_kwargs=added_cond_kwargs
    )
    return embedding, embeds


def _layers(unet: UNet2DConditionModel) -> nn.ModuleList:
    """The layers of the last block: what ends each of them."""
    block = unet.up_blocks[-1]
    layers: nn.ModuleList = block.attentions if _has_attention(block) else block.resnets
    return layers


def _has_attention(block: nn.Module) -> bool:
    return getattr(block, "has_cross_attention", False)
