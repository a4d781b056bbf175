"""What each LoRA teaches: how it changes an outfit and the page it is drawn on."""

import colorsys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from studio.pocket.colours import RGB
from studio.pocket.figure import Figure
from studio.pocket.garments import CLOTHES, Garment

Recolour = Callable[[RGB], RGB]


@dataclass(frozen=True)
class Effect:
    """A change one can see and name. `trigger` is what a prompt says to call for it."""

    trigger: str
    dress: Callable[[Garment], Garment]
    page: Recolour


def _pastel(colour: RGB) -> RGB:
    """Half way to white: light and gentle, the hue kept."""
    red, green, blue = (round(c + (255 - c) * 0.55) for c in colour)
    return red, green, blue


def _neon(colour: RGB) -> RGB:
    """The same hue at full saturation and a glowing lightness; greys turn to hot pink."""
    hue, _, saturation = colorsys.rgb_to_hls(*(c / 255 for c in colour))
    red, green, blue = colorsys.hls_to_rgb(hue if saturation > 0.12 else 0.89, 0.55, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _recoloured(by: Recolour) -> Callable[[Garment], Garment]:
    return lambda garment: replace(
        garment,
        colour=by(garment.colour),
        second=by(garment.second),
        motif_colour=by(garment.motif_colour),
    )


def _gingham(garment: Garment) -> Garment:
    if garment.kind not in CLOTHES:
        return garment
    return replace(garment, pattern="checked", second=(255, 255, 255), gap=16.0, motif="none")


EFFECTS: Mapping[str, Effect] = {
    "pastel": Effect("pastel colours", _recoloured(_pastel), _pastel),
    "neon": Effect("neon lights", _recoloured(_neon), lambda _: (22, 18, 46)),
    "gingham": Effect("gingham cloth", _gingham, lambda page: page),
}


def applied(
    effect: Effect, figure: Figure, outfit: tuple[Garment, ...]
) -> tuple[Figure, tuple[Garment, ...]]:
    """The figure on the effect's page, in the outfit it makes of `outfit`."""
    changed = replace(figure, background=effect.page(figure.background))
    return changed, tuple(effect.dress(garment) for garment in outfit)
