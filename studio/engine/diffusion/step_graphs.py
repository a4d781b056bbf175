"""Runs the steps of a pass, UNet and ControlNets together, as recorded graphs."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import DiffusionPipeline
from torch import nn

from studio.engine.control.multi_controlnet import WeightedMultiControlNet, scale_column
from studio.engine.graphs.backend import Tensors
from studio.engine.graphs.graph_cache import GraphCache
from studio.engine.graphs.weights_fingerprint import WeightsFingerprint, has_hooks
from studio.messages import Message, message

_ADDED = "added_cond_kwargs."
_COND = "controlnet_cond."
_SCALE = "conditioning_scale."


@dataclass(frozen=True)
class GraphContext:
    """What identifies the graphs of a render besides shapes and weights."""

    graphs: GraphCache
    models: Hashable
    """Hashes of the base model, the ControlNets and the LoRAs with their weights."""


@contextmanager
def graphed_steps(pipe: DiffusionPipeline, context: GraphContext) -> Iterator[None]:
    """Evaluates the denoiser of `pipe` by graphs in the block, where `context` has any.

    The pipeline goes on calling its ControlNets and its UNet. The first call only keeps its inputs;
    the second runs both as one function of tensors, so that one recording serves every step, seed,
    prompt, guidance scale and ControlNet weight. Units outside their start and end are left out, which
    is another recording, as is the batch without its unconditional half.

    Denoisers that are no UNet run as they are.
    """
    graphs = context.graphs
    if not graphs.is_enabled or not hasattr(pipe, "unet"):
        yield
        return
    controlnet = pipe.controlnet if hasattr(pipe, "controlnet") else None
    modules: list[nn.Module] = [pipe.unet] if controlnet is None else [pipe.unet, controlnet]
    if reason := _obstacle(pipe.unet, modules):
        graphs.note_fallback(reason)
        yield
        return
    _keep_timesteps_on_the_host(pipe.scheduler)
    evaluation = _Evaluation(pipe.unet.forward, controlnet, context, WeightsFingerprint.of(modules))
    if controlnet is not None:
        # It belongs to this pass alone.
        controlnet.forward = evaluation.defer_controlnets
    pipe.unet.forward = evaluation.run
    try:
        yield
    finally:
        del pipe.unet.forward
        if controlnet is not None:
            del controlnet.forward


def _obstacle(unet: nn.Module, modules: Sequence[nn.Module]) -> Message | None:
    """Why no graph can be recorded, else None."""
    if "forward" in vars(unet):
        return message("engine.graph_deepcache")
    if has_hooks(modules):
        return message("engine.graph_offloaded")
    return None


def _keep_timesteps_on_the_host(scheduler: Any) -> None:
    """Samplers look timesteps up in tables: on the device each look is a wait for all steps so far.

    The scheduler belongs to this pass alone.
    """
    scheduler.set_timesteps = partial(_set_timesteps_on_the_host, scheduler.set_timesteps)


def _set_timesteps_on_the_host(
    set_timesteps: Any, *args: Any, device: object = None, **kwargs: Any
) -> None:
    set_timesteps(*args, device="cpu", **kwargs)


@dataclass(frozen=True)
class _ControlInputs:
    """What one call of the ControlNets has besides the UNet's inputs."""

    cond: Sequence[torch.Tensor]
    """For each unit (batch, 3, height, width)."""
    is_on: tuple[bool, ...]


class _Evaluation:
    """Stands in for the forward methods of one pass's UNet and ControlNets."""

    def __init__(
        self,
        unet_forward: Any,
        controlnet: WeightedMultiControlNet | None,
        context: GraphContext,
        weights: WeightsFingerprint,
    ) -> None:
        self._unet_forward, self._controlnet = unet_forward, controlnet
        self._context, self._weights = context, weights
        self._control: _ControlInputs | None = None
        self._scales: tuple[torch.Tensor, ...] | None = None
        """Each unit's, (images, 1, 1, 1); made in the first evaluation."""

    def defer_controlnets(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        controlnet_cond: list[torch.Tensor],
        conditioning_scale: list[float],
        **_: Any,
    ) -> tuple[None, None]:
        """Keeps what is not among the UNet's inputs; shapes as in `WeightedMultiControlNet.forward`."""
        self._control = _ControlInputs(controlnet_cond, tuple(map(bool, conditioning_scale)))
        return None, None

    def run(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        added_cond_kwargs: Mapping[str, torch.Tensor] | None = None,
        timestep_cond: torch.Tensor | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor, ...]:
        """The UNet's prediction, shaped like `sample` (batch, 4, height/8, width/8).

        `timestep` is scalar, `encoder_hidden_states` (batch, tokens, width), `timestep_cond` and the
        tensors of `added_cond_kwargs` (batch, width). The rest of the pipelines' arguments is empty.
        """
        inputs = {
            "sample": sample,
            # Samplers differ in the type; the UNet converts it to this one anyway.
            "timestep": timestep.to(torch.float32),
            "encoder_hidden_states": encoder_hidden_states,
        }
        if timestep_cond is not None:
            inputs["timestep_cond"] = timestep_cond
        inputs |= {_ADDED + name: tensor for name, tensor in (added_cond_kwargs or {}).items()}
        is_on = self._control.is_on if self._control else ()
        inputs |= self._control_inputs(sample.device)
        return self._context.graphs.run(
            (self._context.models, self._modes, is_on),
            self._weights,
            partial(self._evaluate, is_on),
            inputs,
        )

    @property
    def _modes(self) -> Hashable:
        """What the ControlNets' arithmetic depends on besides tensors."""
        if self._controlnet is None:
            return None
        return self._controlnet.modes, len(self._controlnet.weights[0])

    def _control_inputs(self, device: torch.device) -> Tensors:
        """Control maps (batch, 3, height, width) and weights (images, 1, 1, 1) of the units that are
        on."""
        if self._controlnet is None or self._control is None:
            return {}
        if self._scales is None:
            self._scales = tuple(scale_column(of, device) for of in self._controlnet.weights)
        inputs = {}
        for index, is_on in enumerate(self._control.is_on):
            if is_on:
                inputs[f"{_COND}{index}"] = self._control.cond[index]
                inputs[f"{_SCALE}{index}"] = self._scales[index]
        return inputs

    def _evaluate(self, is_on: tuple[bool, ...], inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """The recorded function; the names and shapes of inputs and output are those of `run`."""
        sample, timestep = inputs["sample"], inputs["timestep"]
        embeds = inputs["encoder_hidden_states"]
        added = {
            name.removeprefix(_ADDED): tensor
            for name, tensor in inputs.items()
            if name.startswith(_ADDED)
        }
        extra = {"added_cond_kwargs": added} if added else {}
        down = mid = None
        if self._controlnet is not None:
            units = range(len(is_on))
            cond = [inputs.get(f"{_COND}{index}") for index in units]
            scales = [inputs.get(f"{_SCALE}{index}") for index in units]
            down, mid = self._controlnet.sum_residuals(
                sample, timestep, embeds, cond, scales, extra
            )
        prediction: tuple[torch.Tensor, ...] = self._unet_forward(
            sample,
            timestep,
            encoder_hidden_states=embeds,
            timestep_cond=inputs.get("timestep_cond"),
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
            return_dict=False,
            **extra,
        )
        return prediction
