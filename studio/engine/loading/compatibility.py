"""Compatibility checks between models by their configurations and headers; no weight is read."""

import json
from dataclasses import dataclass
from pathlib import Path

from studio.engine.loading.bundled_configs import BundledConfigs
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.messages import Message, message
from studio.models.folder_config import MAX_CONFIG_BYTES
from studio.models.image_encoders import ReferenceModels
from studio.models.safetensors_file import read_header
from studio.models.types import ModelFamily, ModelInfo
from studio.models.weights import read_regular_file
from studio.recipes.generation.recipe import KIND_NAMES

DEFAULT_SCALING_FACTOR = 0.18215
"""Stable Diffusion 1's, which diffusers assumes where a VAE's configuration has none."""


@dataclass(frozen=True)
class LatentSpace:
    """A VAE's latent space; `scaling_factor` is None when unknown."""

    channels: int
    scaling_factor: float | None


@dataclass(frozen=True)
class FirstLayer:
    """The convolution over the latents in a UNet or ControlNet."""

    channels: int
    """Of the latents."""

    width: int
    """Channels of its output."""


def check_vae(base: ModelInfo, vae: ModelInfo, configs: BundledConfigs) -> tuple[Message, ...]:
    """Checks that a VAE has the base model's latent space; another would decode to noise.

    Returns warnings where it cannot be determined. Raises IncompatibleModelError.
    """
    if vae.family != "unknown":
        if _latent_family(vae.family) != _latent_family(base.family):
            raise _vae_error(base, vae, message("model.vae_family", family=vae.family))
        return ()
    expected, actual = _base_latent_space(base, configs), _vae_latent_space(vae)
    if expected is None or actual is None:
        return ()
    if actual.channels != expected.channels:
        channels = message("model.vae_channels", channels=actual.channels, wanted=expected.channels)
        raise _vae_error(base, vae, channels)
    if actual.scaling_factor is None:
        # Single-file VAEs are mostly Stable Diffusion 1's; for other families it is unknown.
        if base.family in ("sd15", "sd21"):
            return ()
        return (message("engine.vae_family_unknown", name=vae.name),)
    if actual.scaling_factor != expected.scaling_factor:
        factors = {"scaling": actual.scaling_factor, "wanted": expected.scaling_factor}
        texts = {name: f"{factor:g}" for name, factor in factors.items()}
        raise _vae_error(base, vae, message("model.vae_scaling", **texts))
    return ()


def is_upcast(vae: ModelInfo) -> bool:
    """Whether a VAE must run in fp32, where the family's do (see `ModelFamilySpec.may_upcast_vae`).

    By `force_upcast` of its folder's configuration, which diffusers takes to be true where it is
    missing. A single file does not say it.
    """
    if not vae.path.is_dir():
        return True
    return bool(_read_config(vae.path / "config.json").get("force_upcast", True))


def check_first_layer(base: ModelInfo, controlnet: ModelInfo, configs: BundledConfigs) -> None:
    """Checks that a ControlNet's first layer is that of the base model's UNet.

    Raises IncompatibleModelError when it reads latents of other channels, or is of another width.
    """
    expected, actual = _base_first_layer(base, configs), _controlnet_first_layer(controlnet)
    if expected is None or actual is None or expected == actual:
        return
    raise IncompatibleModelError(
        "model.controlnet_first_layer",
        name=controlnet.name,
        channels=actual.channels,
        width=actual.width,
        base=base.name,
        base_channels=expected.channels,
        base_width=expected.width,
    )


def same_cross_attention_dim(base: ModelInfo, controlnet: ModelInfo) -> bool:
    """Whether a base model and a ControlNet of no known family take embeddings of one width."""
    dims = (
        _read_config(base.path / "unet" / "config.json").get("cross_attention_dim"),
        _read_config(controlnet.path / "config.json").get("cross_attention_dim"),
    )
    return dims[0] is not None and dims[0] == dims[1]


def check_ip_adapter(base: ModelInfo, models: ReferenceModels, configs: BundledConfigs) -> None:
    """Checks that an IP-Adapter makes tokens of the width that the base model's UNet attends to.

    Raises IncompatibleModelError for an IP-Adapter of another family.
    """
    adapter, family = models.adapter, models.adapter.family
    if family not in (base.family, "unknown"):
        raise IncompatibleModelError(
            "model.wrong_family",
            kind=KIND_NAMES[adapter.kind],
            name=adapter.name,
            family=family,
            base=base.name,
            base_family=base.family,
        )
    directory = base.path if base.path.is_dir() else configs.config_dir(base)
    expected = _read_config(directory / "unet" / "config.json").get("cross_attention_dim")
    width = models.layout.cross_attention_dim
    if width != expected:
        raise IncompatibleModelError(
            "model.ip_adapter_width",
            name=adapter.name,
            width=width,
            base=base.name,
            wanted=str(expected),
        )


def _base_first_layer(base: ModelInfo, configs: BundledConfigs) -> FirstLayer | None:
    directory = base.path if base.path.is_dir() else configs.config_dir(base)
    return _configured_first_layer(_read_config(directory / "unet" / "config.json"))


def _controlnet_first_layer(controlnet: ModelInfo) -> FirstLayer | None:
    if controlnet.path.is_dir():
        return _configured_first_layer(_read_config(controlnet.path / "config.json"))
    shapes = read_header(controlnet.path).shapes
    names = (f"{prefix}input_blocks.0.0.weight" for prefix in ("", "control_model."))
    shape = next((shapes[name] for name in (*names, "conv_in.weight") if name in shapes), ())
    return FirstLayer(shape[1], shape[0]) if len(shape) > 1 else None


def _configured_first_layer(config: dict[str, object]) -> FirstLayer | None:
    """Of a UNet or ControlNet."""
    channels, widths = config.get("in_channels", 4), config.get("block_out_channels")
    if not isinstance(channels, int) or not isinstance(widths, list) or not widths:
        return None
    return FirstLayer(channels, widths[0])


def _latent_family(family: ModelFamily) -> ModelFamily:
    """Stable Diffusion 2.x has 1.x's VAE."""
    return "sd15" if family == "sd21" else family


def _vae_error(base: ModelInfo, vae: ModelInfo, reason: Message) -> IncompatibleModelError:
    return IncompatibleModelError(
        "model.vae_unfit", name=vae.name, reason=reason, base=base.name, base_family=base.family
    )


def _base_latent_space(base: ModelInfo, configs: BundledConfigs) -> LatentSpace | None:
    directory = base.path if base.path.is_dir() else configs.config_dir(base)
    return _configured_latent_space(_read_config(directory / "vae" / "config.json"))


def _vae_latent_space(vae: ModelInfo) -> LatentSpace | None:
    if vae.path.is_dir():
        return _configured_latent_space(_read_config(vae.path / "config.json"))
    shape = read_header(vae.path).find_shape("decoder.conv_in.weight")
    return None if shape is None or len(shape) < 2 else LatentSpace(shape[1], None)


def _configured_latent_space(config: dict[str, object]) -> LatentSpace | None:
    channels = config.get("latent_channels", 4)
    scaling = config.get("scaling_factor", DEFAULT_SCALING_FACTOR)
    if not config or not isinstance(channels, int) or not isinstance(scaling, int | float):
        return None
    return LatentSpace(channels, float(scaling))


def _read_config(file: Path) -> dict[str, object]:
    """Empty when it cannot be read: loading the model reports that."""
    try:
        config = json.loads(read_regular_file(file, MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError, CorruptModelError):
        return {}
    return config if isinstance(config, dict) else {}
