"""Renders cases nobody trained on, through the product's own service."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from studio.app import AppContainer
from studio.errors import RenderError
from studio.imaging.png_io import decode_png, encode_png
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.events import JobCompleted, JobFailed, ResultWithheld
from studio.recipes.themes.preset import Preset
from training.character import SIZE, Character
from training.doodles import doodle
from training.garments import Garment
from training.scene_store import detail_of
from training.scenes import adversarial_doodle, draw_scene

FIRST_SCENE = 900_000


@dataclass(frozen=True)
class Case:
    """One thing to render: a figure, the base image that shows it, and a doodle on it."""

    character: Character
    base: Image.Image
    doodle: Image.Image
    outfit: tuple[Garment, ...] = ()
    targets: Mapping[str, Image.Image] = field(default_factory=dict)
    """By style, what the painter makes of the doodle."""


class EvaluationHarness:
    """A studio of its own that renders cases one after another."""

    def __init__(self, studio: AppContainer) -> None:
        self._studio = studio

    def preset(self, slug: str) -> Preset:
        return self._studio.stores.themes.get_version(slug).preset

    def render(
        self, preset: Preset, case: Case, words: str = "", seed: int = 7
    ) -> tuple[Image.Image, ...]:
        """The four pictures, A to D. Raises RenderError when one of them fails."""
        png = encode_png(case.base)
        sha256 = hashlib.sha256(png).hexdigest()
        base = BaseImage(
            id=f"case-{sha256[:12]}",
            name="Case",
            width=SIZE,
            height=SIZE,
            sha256=sha256,
            keypoints=case.character.keypoints,
        )
        self._studio.stores.base_images.upsert(base, png)
        doodle = encode_png(case.doodle)
        request = self._studio.rendering.request_factory.create(
            preset, base.id, doodle, words, seed
        )
        pictures = {}
        for event in self._studio.rendering.renders.start(request).events():
            if isinstance(event, JobFailed):
                raise RenderError(str(event.message))
            if isinstance(event, ResultWithheld):
                raise RenderError(str(event.reason))
            if isinstance(event, JobCompleted):
                pictures[event.slot] = decode_png(event.png, "a rendered variant")
        return tuple(pictures[letter] for letter in sorted(pictures))


def scene_cases(count: int, kind: str = "outfit") -> list[Case]:
    """Scenes with the doodle a hurried hand made of them."""
    scenes = [draw_scene(FIRST_SCENE + index, kind) for index in range(count)]
    return [
        Case(scene.character, scene.base, scene.doodle, scene.outfit, scene.targets)
        for scene in scenes
    ]


def motif_cases(count: int) -> list[Case]:
    """The first scenes that have a motif or a pattern, drawn by a steady hand."""
    cases: list[Case] = []
    seed = FIRST_SCENE + 10_000
    while len(cases) < count:
        scene = draw_scene(seed, "outfit")
        detail, _ = detail_of(scene.character, scene.outfit)
        if detail != "none":
            drawn = doodle(scene.character, scene.outfit, np.random.default_rng(seed), "careful")
            cases.append(Case(scene.character, scene.base, drawn, scene.outfit, scene.targets))
        seed += 1
    return cases


def with_doodles(cases: Sequence[Case], doodles: Sequence[Image.Image]) -> list[Case]:
    return [replace(case, doodle=doodle) for case, doodle in zip(cases, doodles, strict=True)]


def solid_cases(count: int) -> list[Image.Image]:
    return [Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 255)) for _ in range(count)]


def scribble_cases(count: int) -> list[Image.Image]:
    """What a user draws who scribbles everything."""
    return [
        adversarial_doodle(np.random.default_rng(FIRST_SCENE + index)) for index in range(count)
    ]


def base_only_cases(count: int) -> list[Image.Image]:
    return [Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0)) for _ in range(count)]
