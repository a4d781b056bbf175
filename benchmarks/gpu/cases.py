"""The requests that all peers are timed on: four variants of two base models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

Family = Literal["sd15", "sdxl"]

PROMPT = "a red striped dress with a yellow heart, best quality"
NEGATIVE_PROMPT = "lowres, bad hands, text"
SAMPLER_STEPS = 20


@dataclass(frozen=True)
class VariantSettings:
    """What one of the four variants has of its own."""

    base_model: int
    """Index of the base model, 0 or 1."""
    guidance_scale: float
    weights: tuple[float, ...]
    """Of each ControlNet."""
    seed: int


@dataclass(frozen=True)
class Case:
    """One request."""

    name: Family
    size: int
    """Width and height in pixels."""
    controlnets: int
    variants: tuple[VariantSettings, ...]
    steps: int = SAMPLER_STEPS
    base_models: int = 2


def _variants(*weights: tuple[float, ...]) -> tuple[VariantSettings, ...]:
    settings = [(0, 7.0), (0, 5.0), (1, 7.0), (1, 5.0)]
    return tuple(
        VariantSettings(base_model, scale, weights[place % len(weights)], place + 1)
        for place, (base_model, scale) in enumerate(settings)
    )


CASES: Mapping[Family, Case] = MappingProxyType(
    {
        "sd15": Case("sd15", 512, 2, _variants((0.8, 0.5), (0.5, 0.8))),
        "sdxl": Case("sdxl", 1024, 1, _variants((0.8,), (0.5,))),
    }
)


def tiny(case: Case) -> Case:
    """The same path in seconds on a CPU, with tiny models."""
    return replace(case, size=64, steps=2)
