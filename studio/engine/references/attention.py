"""Plugs references into a UNet for one render: attention processors with their keys and values.

The processors are diffusers'. Its loader of IP-Adapters is not used: it moves the whole UNet, and leaves
processors of its own behind.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers import ModelMixin, UNet2DConditionModel
from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
from torch import nn

from studio.engine.references.attention_blocks import block_prefix
from studio.engine.references.image_features import EncodedImage
from studio.engine.references.ip_adapter import IPAdapter
from studio.errors import IncompatibleModelError
from studio.recipes.generation.recipe import Reference, ReferencePurpose

_OF_WHOLE_IMAGE: frozenset[ReferencePurpose] = frozenset({"composition", "garment"})
"""Purposes that are about the whole image: without effect in a pass over a crop of it."""


@dataclass(frozen=True)
class LoadedReference:
    """A reference with its IP-Adapter and its encoded image."""

    settings: Reference
    adapter: IPAdapter
    image: EncodedImage


@dataclass(frozen=True)
class _Layer:
    """A cross-attention layer's processor, and which references act on it."""

    processor: IPAdapterAttnProcessor2_0
    is_used_by: Sequence[bool]


class PluggedReferences:
    """The references that are plugged into a UNet.

    They stand where diffusers has the projections of the images, which here are made once for all steps,
    and set the scales of the processors from step to step.
    """

    def __init__(self, references: Sequence[LoadedReference], layers: Sequence[_Layer]) -> None:
        self._references, self._layers = references, layers
        self._evaluations = 0
        self._is_guided = self._has_guidance_ended = self._is_crop = False
        self._scales: tuple[float, ...] = ()
        """Each reference's in the present step; 0: it is off."""

    @property
    def mode(self) -> Hashable:
        """What the UNet's arithmetic depends on besides tensors."""
        return self._scales, self._has_guidance_ended

    def start_pass(self, evaluations: int, is_guided: bool) -> list[torch.Tensor]:
        """Begins a pass.

        Args:
            evaluations: how often the UNet is evaluated.
            is_guided: whether the UNet sees each image with and without its conditions.

        Returns the pipelines' `ip_adapter_image_embeds`, which they repeat for each image of a batch:
        for each reference (1, or 2 where guided, 1, tokens, width).
        """
        self._evaluations, self._is_guided = evaluations, is_guided
        self._has_guidance_ended = False
        self._set_scales(0)
        return [
            reference.image.project(reference.adapter.image_projection, is_guided)
            for reference in self._references
        ]

    def on_step_end(
        self, pipe: Any, step_index: int, _timestep: Any, callback_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """A step callback, after that which ends guidance: sets the scales of the next evaluation."""
        self._has_guidance_ended = self._is_guided and not pipe.do_classifier_free_guidance
        self._set_scales(step_index + 1)
        return callback_kwargs

    def __call__(self, image_embeds: list[torch.Tensor]) -> list[torch.Tensor]:
        """Called by the UNet in place of projections, with (batch, 1, tokens, width) for each reference: the
        pipelines go on with both halves when guidance has ended."""
        if not self._has_guidance_ended:
            return image_embeds
        return [tokens.chunk(2)[-1] for tokens in image_embeds]

    @contextmanager
    def of_crops(self) -> Iterator[None]:
        """For passes over a crop of the image: without the references that are about all of it."""
        self._is_crop = True
        try:
            yield
        finally:
            self._is_crop = False

    def _set_scales(self, evaluation: int) -> None:
        scales = tuple(
            reference.settings.weight if self._is_on(reference.settings, evaluation) else 0.0
            for reference in self._references
        )
        if scales == self._scales:
            return
        self._scales = scales
        for layer in self._layers:
            layer.processor.scale[:] = [
                scale if is_used else 0.0
                for scale, is_used in zip(scales, layer.is_used_by, strict=True)
            ]

    def _is_on(self, settings: Reference, evaluation: int) -> bool:
        """By the arithmetic of diffusers' ControlNet pipelines."""
        if self._is_crop and settings.purpose in _OF_WHOLE_IMAGE:
            return False
        start, end = evaluation / self._evaluations, (evaluation + 1) / self._evaluations
        return start >= settings.start and end <= settings.end


def plugged_references(denoiser: ModelMixin) -> PluggedReferences | None:
    """The references that are plugged into a denoiser now, None where there are none."""
    active = getattr(denoiser, "encoder_hid_proj", None)
    return active if isinstance(active, PluggedReferences) else None


def references_of_crops(denoiser: ModelMixin) -> AbstractContextManager[None]:
    """For passes over a crop of the image: without the references that are about all of it."""
    active = plugged_references(denoiser)
    return nullcontext() if active is None else active.of_crops()


@contextmanager
def references_plugged_in(
    denoiser: ModelMixin, references: Sequence[LoadedReference]
) -> Iterator[None]:
    """Plugs the references into the denoiser for the block; afterwards it is as before.

    Without references nothing is done. Raises IncompatibleModelError for an IP-Adapter of another UNet.
    """
    if not references:
        yield
        return
    assert isinstance(denoiser, UNet2DConditionModel)
    before = dict(denoiser.attn_processors)
    names = [name for name in before if name.endswith("attn2.processor")]
    _check_layers(denoiser, names, references)
    layers = [_make_layer(denoiser, name, index, references) for index, name in enumerate(names)]
    processors = dict(zip(names, (layer.processor for layer in layers), strict=True))
    projection, kind = denoiser.encoder_hid_proj, denoiser.config.encoder_hid_dim_type
    try:
        denoiser.set_attn_processor({**before, **processors})
        denoiser.encoder_hid_proj = PluggedReferences(references, layers)
        denoiser.config.encoder_hid_dim_type = "ip_image_proj"
        yield
    finally:
        denoiser.config.encoder_hid_dim_type = kind
        denoiser.encoder_hid_proj = projection
        denoiser.set_attn_processor(before)


def _make_layer(
    unet: UNet2DConditionModel, name: str, index: int, references: Sequence[LoadedReference]
) -> _Layer:
    """The processor of the UNet's cross-attention at `index`, with the weights of every reference."""
    # Made on no device: the layers are the IP-Adapters' own.
    with torch.device("meta"):
        processor = IPAdapterAttnProcessor2_0(1, 1, [1] * len(references), [0.0] * len(references))
    processor.to_k_ip = nn.ModuleList(reference.adapter.keys[index] for reference in references)
    processor.to_v_ip = nn.ModuleList(reference.adapter.values[index] for reference in references)
    used = [
        name.startswith(block_prefix(unet, reference.settings.purpose)) for reference in references
    ]
    return _Layer(processor, used)


def _check_layers(
    unet: UNet2DConditionModel, names: Sequence[str], references: Sequence[LoadedReference]
) -> None:
    """Raises IncompatibleModelError for an IP-Adapter whose layers are not those of the UNet."""
    layers = [unet.get_submodule(name.removesuffix(".processor")) for name in names]
    expected = [(attention.inner_dim, attention.cross_attention_dim) for attention in layers]
    for reference in references:
        keys = reference.adapter.keys
        if [tuple(cast(nn.Linear, key).weight.shape) for key in keys] != expected:
            raise IncompatibleModelError(
                "model.ip_adapter_unfit",
                name=reference.settings.model.name,
                layers=len(keys),
                expected=len(expected),
            )
