"""What models' configurations and headers say of whether they belong together: no weight is read."""

import json
from dataclasses import dataclass
from pathlib import Path

from studio.engine.loading.bundled_configs import BundledConfigs
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.messages import Message, message
from studio.models.folder_config import MAX_CONFIG_BYTES
from studio.models.safetensors_header import read_header
from studio.models.types import ModelFamily, ModelInfo
from studio.models.weights import read_regular_file

SCALING = 0.18215
"""Of latents where a VAE's configuration names none: Stable Diffusion 1's, and diffusers' default."""


@dataclass(frozen=True)
class Latents:
    """The numbers a VAE makes: how many a place, and by what they are scaled (None: not told)."""

    channels: int
    scaling: float | None


def check_vae(
    base: ModelInfo, vae: ModelInfo, configurations: BundledConfigs
) -> tuple[Message, ...]:
    """Notes about a VAE beside a base model. Raises UnfitModel where its latents are others than
    the base model's: it would draw noise."""
    if vae.family != "unknown":
        if _latent_family(vae.family) != _latent_family(base.family):
            raise _unfit(base, vae, message("model.vae_family", family=vae.family))
        return ()
    wanted, has = _of_base(base, configurations), _of_vae(vae)
    if wanted is None or has is None:
        return ()
    if has.channels != wanted.channels:
        raise _unfit(
            base,
            vae,
            message("model.vae_channels", channels=has.channels, wanted=wanted.channels),
        )
    if has.scaling is None:
        # Lone files are mostly Stable Diffusion 1's; for others nothing tells.
        if base.family in ("sd15", "sd21"):
            return ()
        return (message("engine.vae_family_unknown", name=vae.name),)
    if has.scaling != wanted.scaling:
        scaling, wants = f"{has.scaling:g}", f"{wanted.scaling:g}"
        raise _unfit(base, vae, message("model.vae_scaling", scaling=scaling, wanted=wants))
    return ()


def same_text_width(base: ModelInfo, net: ModelInfo) -> bool:
    """Whether a base model and a ControlNet of no known family listen to words of one width."""
    told = (
        _configuration(base.path / "unet" / "config.json").get("cross_attention_dim"),
        _configuration(net.path / "config.json").get("cross_attention_dim"),
    )
    return told[0] is not None and told[0] == told[1]


def _latent_family(family: ModelFamily) -> ModelFamily:
    """2.x kept 1.x's VAE."""
    return "sd15" if family == "sd21" else family


def _unfit(base: ModelInfo, vae: ModelInfo, why: Message) -> IncompatibleModelError:
    return IncompatibleModelError(
        "model.vae_unfit", name=vae.name, reason=why, base=base.name, base_family=base.family
    )


def _of_base(base: ModelInfo, configurations: BundledConfigs) -> Latents | None:
    folder = base.path if base.path.is_dir() else configurations.config_dir(base)
    return _told(_configuration(folder / "vae" / "config.json"))


def _of_vae(vae: ModelInfo) -> Latents | None:
    if vae.path.is_dir():
        return _told(_configuration(vae.path / "config.json"))
    shape = read_header(vae.path).find_shape("decoder.conv_in.weight")
    return None if shape is None or len(shape) < 2 else Latents(shape[1], None)


def _told(configuration: dict[str, object]) -> Latents | None:
    channels = configuration.get("latent_channels", 4)
    scaling = configuration.get("scaling_factor", SCALING)
    if not configuration or not isinstance(channels, int) or not isinstance(scaling, int | float):
        return None
    return Latents(channels, float(scaling))


def _configuration(file: Path) -> dict[str, object]:
    """Empty where it cannot be read: loading the model names that."""
    try:
        read = json.loads(read_regular_file(file, MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError, CorruptModelError):
        return {}
    return read if isinstance(read, dict) else {}
