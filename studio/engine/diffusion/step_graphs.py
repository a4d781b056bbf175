"""Runs the steps of a pass, UNet and ControlNets together, as recorded graphs and by DeepCache."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from diffusers import DiffusionPipeline
from torch import nn

from studio.engine.control.multi_controlnet import WeightedMultiControlNet, scale_column
from studio.engine.diffusion.deepcache import (
    DeepFeatures,
    deep_features_of,
    run_last_layer,
)
from studio.engine.graphs.backend import TensorFunction, Tensors
from studio.engine.graphs.graph_context import GraphContext
from studio.engine.graphs.weights_fingerprint import WeightsFingerprint, has_hooks
from studio.engine.references.attention import plugged_references
from studio.messages import message

_ADDED = "added_cond_kwargs."
_IMAGES = "image_embeds"
_COND = "controlnet_cond."
_SCALE = "conditioning_scale."

Units = Sequence[torch.Tensor | None]
"""A tensor (any shape) for each ControlNet unit, None for one that is off."""


@contextmanager
def step_functions(
    pipe: DiffusionPipeline, context: GraphContext, deepcache_interval: int
) -> Iterator[Callable[[], None]]:
    """Evaluates the denoiser of `pipe` as a function of tensors in the block.

    The pipeline goes on calling its ControlNets and its UNet. The first call only keeps its inputs;
    the second runs both. With graphs, one recording serves every step, seed, prompt, guidance scale
    and ControlNet weight. Units outside their start and end are left out, which is another
    recording, as is the batch without its unconditional half, and each set of references' weights.

    Nothing changes without graphs and DeepCache, for denoisers that are no UNet, and where memory is
    so short that weights move during a step.

    Args:
        pipe: the pipeline of one pass.
        context: the graphs.
        deepcache_interval: every so many steps the UNet runs all its layers; 1: always.

    Yields a function to call when classifier-free guidance ends, which halves the batch.
    """
    deep = DeepFeatures(deepcache_interval)
    is_needed = context.graphs.is_enabled or deepcache_interval > 1
    if not is_needed or not hasattr(pipe, "unet"):
        yield deep.reset
        return
    controlnet = pipe.controlnet if hasattr(pipe, "controlnet") else None
    modules: list[nn.Module] = [pipe.unet] if controlnet is None else [pipe.unet, controlnet]
    if has_hooks(modules):
        context.graphs.note_fallback(message("engine.weights_move"))
        yield deep.reset
        return
    with ExitStack() as stack:
        evaluation = _Evaluation(pipe, controlnet, context, WeightsFingerprint.of(modules), deep)
        _keep_timesteps_on_the_host(pipe.scheduler)
        pipe.unet.forward = evaluation.run
        stack.callback(delattr, pipe.unet, "forward")
        if controlnet is not None:
            controlnet.forward = evaluation.defer_controlnets
            stack.callback(delattr, controlnet, "forward")
        yield deep.reset


def _keep_timesteps_on_the_host(scheduler: Any) -> None:
    """Samplers look timesteps up in tables: on the device each look is a wait for all steps so far.

    The scheduler belongs to this pass alone.
    """
    scheduler.set_timesteps = partial(_set_timesteps_on_the_host, scheduler.set_timesteps)


def _set_timesteps_on_the_host(set_timesteps: Any, *args: Any, **kwargs: Any) -> None:
    set_timesteps(*args, **{**kwargs, "device": "cpu"})


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
        pipe: Any,
        controlnet: WeightedMultiControlNet | None,
        context: GraphContext,
        weights: WeightsFingerprint,
        deep: DeepFeatures,
    ) -> None:
        self._unet, self._unet_forward = pipe.unet, pipe.unet.forward
        self._scheduler, self._controlnet = pipe.scheduler, controlnet
        self._references = plugged_references(pipe.unet)
        self._context, self._weights, self._deep = context, weights, deep
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
        added_cond_kwargs: Mapping[str, torch.Tensor | list[torch.Tensor]] | None = None,
        timestep_cond: torch.Tensor | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor, ...]:
        """The UNet's prediction, shaped like `sample` (batch, 4, height/8, width/8).

        `timestep` is scalar, `encoder_hidden_states` (batch, tokens, width), `timestep_cond` and the
        tensors of `added_cond_kwargs` (batch, width), those of its list, one for each reference, (batch,
        1, tokens, width). The rest of the pipelines' arguments is empty.
        """
        inputs = {
            "sample": sample,
            # Samplers differ in the type; the UNet converts it to this one anyway.
            "timestep": timestep.to(torch.float32),
            "encoder_hidden_states": encoder_hidden_states,
        }
        if timestep_cond is not None:
            inputs["timestep_cond"] = timestep_cond
        inputs |= _flatten(added_cond_kwargs or {})
        inputs |= self._control_inputs(sample.device)
        if self._deep.interval == 1:
            return self._record("step", self._evaluate, inputs)
        self._deep.timesteps = self._deep.timesteps or self._scheduler.timesteps.tolist()
        if self._deep.needs_full_step(timestep.item()):
            prediction, self._deep.features = self._record("full", self._evaluate_full, inputs)
        else:
            assert self._deep.features is not None
            inputs["features"] = self._deep.features
            (prediction,) = self._record("last layer", self._evaluate_last_layer, inputs)
        return (prediction,)

    def _record(self, kind: str, func: TensorFunction, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """`func` of the inputs, any shape, by its graph."""
        is_on = self._control.is_on if self._control else ()
        references = self._references and self._references.mode
        key = kind, self._context.models, self._modes, is_on, references
        return self._context.graphs.run(key, self._weights, func, inputs)

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

    def _evaluate(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """The recorded function; the names and shapes of inputs and output are those of `run`."""
        sample, timestep = inputs["sample"], inputs["timestep"]
        embeds, extra = inputs["encoder_hidden_states"], _added(inputs)
        of_unet = _with_images(extra, inputs)
        down = mid = None
        if self._controlnet is not None:
            down, mid = self._controlnet.sum_residuals(
                sample, timestep, embeds, *self._units(inputs), extra
            )
        prediction: tuple[torch.Tensor, ...] = self._unet_forward(
            sample,
            timestep,
            encoder_hidden_states=embeds,
            timestep_cond=inputs.get("timestep_cond"),
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
            return_dict=False,
            **of_unet,
        )
        return prediction

    def _evaluate_full(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """As `_evaluate`, with the deep features for the steps that follow."""
        with deep_features_of(self._unet) as features:
            (prediction,) = self._evaluate(inputs)
        return prediction, *features

    def _evaluate_last_layer(self, inputs: Tensors) -> tuple[torch.Tensor, ...]:
        """The prediction from `features`, (batch, channels, height/8, width/8)."""
        residual = None
        if self._controlnet is not None:
            residual = self._controlnet.sum_first_residuals(inputs["sample"], *self._units(inputs))
        prediction = run_last_layer(
            self._unet,
            inputs["sample"],
            inputs["timestep"],
            inputs["encoder_hidden_states"],
            inputs["features"],
            residual,
            inputs.get("timestep_cond"),
            **_with_images(_added(inputs), inputs),
        )
        return (prediction,)

    def _units(self, inputs: Tensors) -> tuple[Units, Units]:
        """Each unit's control map and weight; shapes as in `_control_inputs`, None where it is off."""
        units = range(len(self._control.is_on) if self._control else 0)
        return (
            [inputs.get(f"{_COND}{index}") for index in units],
            [inputs.get(f"{_SCALE}{index}") for index in units],
        )


def _flatten(
    added_cond_kwargs: Mapping[str, torch.Tensor | list[torch.Tensor]],
) -> dict[str, torch.Tensor]:
    """Further conditions by the names of inputs; shapes as in `_Evaluation.run`."""
    inputs: dict[str, torch.Tensor] = {}
    for name, value in added_cond_kwargs.items():
        if isinstance(value, list):
            inputs |= {f"{name}.{index}": tensor for index, tensor in enumerate(value)}
        else:
            inputs[_ADDED + name] = value
    return inputs


def _added(inputs: Tensors) -> dict[str, dict[str, Any]]:
    """SDXL's further conditions, (batch, width) each, as the argument that takes them."""
    added = {
        name.removeprefix(_ADDED): tensor
        for name, tensor in inputs.items()
        if name.startswith(_ADDED)
    }
    return {_ADDED[:-1]: added} if added else {}


def _with_images(extra: dict[str, dict[str, Any]], inputs: Tensors) -> dict[str, dict[str, Any]]:
    """The further conditions with the references' tokens, (batch, 1, tokens, width) each, which only the
    UNet takes."""
    images = [tensor for name, tensor in inputs.items() if name.startswith(f"{_IMAGES}.")]
    if not images:
        return extra
    return {_ADDED[:-1]: {**extra.get(_ADDED[:-1], {}), _IMAGES: images}}
