"""What each LoRA teaches: how it changes an outfit and the page it is drawn on."""

import colorsys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from training.character import Character
from training.colors import RGB
from training.garments import CLOTHES, Garment

Recolor = Callable[[RGB], RGB]


@dataclass(frozen=True)
class Effect:
    """A change one can see and name. `trigger` is what a prompt says to call for it."""

    trigger: str
    dress: Callable[[Garment], Garment]
    page: Recolor


def _pastel(color: RGB) -> RGB:
    """Half way to white: light and gentle, the hue kept."""
    red, green, blue = (round(c + (255 - c) * 0.55) for c in color)
    return red, green, blue


def _neon(color: RGB) -> RGB:
    """The same hue at full saturation and a glowing lightness; greys turn to hot pink."""
    hue, _, saturation = colorsys.rgb_to_hls(*(c / 255 for c in color))
    red, green, blue = colorsys.hls_to_rgb(hue if saturation > 0.12 else 0.89, 0.55, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _recolored(by: Recolor) -> Callable[[Garment], Garment]:
    return lambda garment: replace(
        garment,
        color=by(garment.color),
        secondary_color=by(garment.secondary_color),
        motif_color=by(garment.motif_color),
    )


def _gingham(garment: Garment) -> Garment:
    if garment.kind not in CLOTHES:
        return garment
    return replace(
        garment, pattern="checked", secondary_color=(255, 255, 255), gap=16.0, motif="none"
    )


EFFECTS: Mapping[str, Effect] = {
    "pastel": Effect("pastel colours", _recolored(_pastel), _pastel),
    "neon": Effect("neon lights", _recolored(_neon), lambda _: (22, 18, 46)),
    "gingham": Effect("gingham cloth", _gingham, lambda page: page),
}


def apply_effect(
    effect: Effect, character: Character, outfit: tuple[Garment, ...]
) -> tuple[Character, tuple[Garment, ...]]:
    """The figure on the effect's page, in the outfit it makes of `outfit`."""
    changed = replace(character, background=effect.page(character.background))
    return changed, tuple(effect.dress(garment) for garment in outfit)
