"""Scenes as arrays in files that one process draws and another reads while it does.

Every field is one memory-mapped file. A chunk of scenes counts once its captions file is there.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from studio.imaging.compositing import overlay_doodle
from studio.imaging.control_maps import lineart_map, scribble_map
from studio.imaging.openpose_renderer import render_openpose_map
from training.captions import make_caption
from training.character import SIZE, Character, random_character
from training.colors import NAMED_COLORS, is_named
from training.garment_shapes import garment_parts
from training.garments import KINDS as GARMENT_KINDS
from training.garments import MOTIFS, PATTERNS, Garment, random_outfit
from training.lora_effects import EFFECTS
from training.motifs import motif_center
from training.scenes import KINDS, Scene, draw_scene
from training.styles import STYLES

CHUNK = 32
IMAGES = ("ink", "water", "bare_ink", "bare_water", "composite")
"""The places of a scene's images in the field `images`."""
FIELDS: Mapping[str, tuple[tuple[int, ...], str]] = {
    "images": ((len(IMAGES), SIZE, SIZE, 3), "u1"),
    "scribble": ((SIZE, SIZE // 8), "u1"),
    "lineart": ((SIZE, SIZE // 8), "u1"),
    "pose": ((SIZE, SIZE, 3), "u1"),
    "keypoints": ((18, 2), "f4"),
    "head_radius": ((), "f4"),
    "kind": ((), "u1"),
    "marked": ((), "u1"),
    "base_style": ((), "u1"),
    "garments": ((len(GARMENT_KINDS),), "u1"),
    "detail": ((), "u1"),
    "detail_center": ((2,), "f4"),
}
"""Shape of one scene, and type. Maps of lines are bits; centers are fractions of the page."""
DETAILS = (*MOTIFS, *PATTERNS[1:])
"""What the evaluation looks for on cloth: nothing ("none"), a motif, or a pattern."""
COLORS = (*NAMED_COLORS, "none")


@dataclass(frozen=True)
class SceneStore:
    """`count` scenes, from number `first_seed` on, in `folder`."""

    folder: Path
    count: int
    first_seed: int
    effect: str | None = None

    @property
    def chunks(self) -> range:
        return range((self.count + CHUNK - 1) // CHUNK)

    def done(self) -> list[int]:
        """Numbers of the chunks that are drawn."""
        return sorted(int(file.stem) for file in self.folder.glob("*.json"))

    def field(self, name: str, writable: bool = False) -> NDArray[Any]:
        """A field of all scenes, mapped from its file; those not drawn are zero."""
        shape, kind = FIELDS[name]
        return np.memmap(
            self.folder / f"{name}.bin",
            dtype=kind,
            mode="r+" if writable else "r",
            shape=(len(self.chunks) * CHUNK, *shape),
        )

    def captions(self, chunk: int) -> dict[str, list[str]]:
        """The captions of a chunk's scenes, by style."""
        return dict(json.loads((self.folder / f"{chunk}.json").read_text()))

    def create(self) -> None:
        """Makes the files, sparse."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, (shape, kind) in FIELDS.items():
            file = self.folder / f"{name}.bin"
            if not file.exists():
                size = (
                    len(self.chunks)
                    * CHUNK
                    * int(np.prod(shape, dtype=int))
                    * np.dtype(kind).itemsize
                )
                with file.open("wb") as created:
                    created.truncate(size)

    def draw_chunk(self, chunk: int) -> None:
        fields = {name: self.field(name, writable=True) for name in FIELDS}
        captions: dict[str, list[str]] = {style: [] for style in STYLES}
        for index in range(chunk * CHUNK, (chunk + 1) * CHUNK):
            scene = draw_scene(self.first_seed + index, effect=self.effect)
            for name, value in _row(scene).items():
                fields[name][index] = value
            for style in STYLES:
                captions[style].append(scene.captions[style])
        partial_file = self.folder / f"{chunk}.partial"
        partial_file.write_text(json.dumps(captions))
        partial_file.rename(self.folder / f"{chunk}.json")


@dataclass(frozen=True)
class DataFolder:
    """All drawn data of one training: scenes, scenes with each effect, and captions alone."""

    folder: Path
    scenes: int
    effect_scenes: int
    captions: int

    @property
    def main(self) -> SceneStore:
        return SceneStore(self.folder / "scenes", self.scenes, 100_000)

    def effect(self, name: str) -> SceneStore:
        return SceneStore(self.folder / name, self.effect_scenes, 300_000, effect=name)

    @property
    def captions_file(self) -> Path:
        return self.folder / "captions.json"

    def draw(self, workers: int) -> None:
        """Draws what is missing: captions, the first scenes, those with effects, the rest. Does
        nothing while another process draws into the same folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "drawing.lock", blocking=False)
        try:
            with lock, ProcessPoolExecutor(workers) as pool:
                self._draw(pool)
        except Timeout:
            return

    def _draw(self, pool: ProcessPoolExecutor) -> None:
        if not self.captions_file.exists():
            rows = list(pool.map(labeled_caption, range(self.captions), chunksize=256))
            partial_file = self.captions_file.with_suffix(".partial")
            partial_file.write_text(json.dumps(rows))
            partial_file.rename(self.captions_file)
        stores = [self.main, *(self.effect(name) for name in EFFECTS)]
        for store in stores:
            store.create()
        for _ in pool.map(_draw_chunk, *zip(*self._order(), strict=True)):
            pass

    def _order(self) -> Iterator[tuple[SceneStore, int]]:
        main = list(self.main.chunks)
        first = len(main) // 4
        yield from ((self.main, chunk) for chunk in main[:first])
        for name in EFFECTS:
            yield from ((self.effect(name), chunk) for chunk in self.effect(name).chunks)
        yield from ((self.main, chunk) for chunk in main[first:])


def _draw_chunk(store: SceneStore, chunk: int) -> None:
    if not (store.folder / f"{chunk}.json").exists():
        store.draw_chunk(chunk)


def _row(scene: Scene) -> dict[str, Any]:
    """One scene's value of every field."""
    character = scene.character
    images = [
        *scene.targets.values(),
        *scene.bare.values(),
        overlay_doodle(scene.base, scene.doodle),
    ]
    points = [(float(x), float(y)) for x, y in character.keypoints]
    detail, center = detail_of(character, scene.outfit)
    return {
        "images": np.stack([np.asarray(image.convert("RGB")) for image in images]),
        "scribble": np.packbits(np.asarray(scribble_map(scene.doodle))[..., 0] > 127, axis=-1),
        "lineart": np.packbits(np.asarray(lineart_map(scene.lineart))[..., 0] > 127, axis=-1),
        "pose": np.asarray(render_openpose_map(points, SIZE, SIZE).convert("RGB")),
        "keypoints": np.asarray(points, np.float32),
        "head_radius": character.head_radius / SIZE,
        "kind": KINDS.index(scene.kind),
        "marked": scene.marked,
        "base_style": STYLES.index(scene.base_style),
        "garments": [any(g.kind == kind for g in scene.outfit) for kind in GARMENT_KINDS],
        "detail": DETAILS.index(detail),
        "detail_center": center,
    }


def detail_of(character: Character, outfit: tuple[Garment, ...]) -> tuple[str, tuple[float, float]]:
    """The first motif, else the first pattern, else plain cloth, and where, as fractions."""
    middle = character.joints[1]
    hips = character.joints[8]
    center = ((middle[0] + hips[0]) / 2 / SIZE, (middle[1] + hips[1]) / 2 / SIZE)
    for garment in outfit:
        if garment.motif != "none":
            x, y = motif_center(character, garment)
            return garment.motif, (x / SIZE, y / SIZE)
    for garment in outfit:
        if garment.pattern != "plain" and garment.kind != "scarf":
            box = next(iter(garment_parts(character, garment).values())).getBounds()
            return garment.pattern, (box.centerX() / SIZE, box.centerY() / SIZE)
    return "none", center


def labeled_caption(
    index: int, first_seed: int = 2_000_000
) -> tuple[str, list[int], list[int], list[int]]:
    """A caption of an outfit that nobody draws, and the color, pattern and motif that it names of
    each kind of garment (the last of COLORS and the first of PATTERNS and MOTIFS: none)."""
    rng = np.random.default_rng(first_seed + index)
    character, outfit = random_character(rng), random_outfit(rng)
    line = make_caption(character, outfit, STYLES[index % len(STYLES)], rng)
    worn = {garment.kind: garment for garment in outfit}
    return (
        line,
        [_named_color(worn.get(kind)) for kind in GARMENT_KINDS],
        [PATTERNS.index(worn[kind].pattern) if kind in worn else 0 for kind in GARMENT_KINDS],
        [MOTIFS.index(worn[kind].motif) if kind in worn else 0 for kind in GARMENT_KINDS],
    )


def _named_color(garment: Garment | None) -> int:
    """The color that captions name, "none" where they name none."""
    named = garment is not None and is_named(garment.color, garment.color_name)
    return COLORS.index(garment.color_name if garment is not None and named else "none")
