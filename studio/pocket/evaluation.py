"""Measures a preset on doodles never trained on: likeness, figure, style, words, diversity."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from studio.app import create_app_container
from studio.imaging.color_metrics import SAME_COLOR_DELTA_E, region_color_errors
from studio.imaging.compositing import overlay_doodle
from studio.pocket import judge as judging
from studio.pocket.bench import (
    Bench,
    Case,
    black_pages,
    drawn_cases,
    empty_pages,
    wild_pages,
    with_doodles,
)
from studio.pocket.colours import PAINTS
from studio.pocket.judge import Judge, Verdict
from studio.pocket.wearing import wears
from studio.recipes.generation.recipe import SeedPolicy
from studio.recipes.themes.preset import SLOTS, Preset
from studio.settings import Settings

BODY = tuple(range(14))
"""COCO's nose, neck, shoulders, elbows, wrists, hips, knees and ankles."""
NEAR, ENOUGH = 0.07, 12
"""A joint is kept within this fraction of the page; a figure with this many of its 14 joints."""
STYLE_OF = {"pocket-ink": "ink", "pocket-water": "water"}
ASKED = ("dress", "top", "trousers", "skirt", "shorts")

Four = tuple[Image.Image, ...]


@dataclass(frozen=True)
class Figures:
    """What was measured; shares are 0-1."""

    preset: str
    cases: int
    likeness: float
    regions_kept: float
    figure_kept: float
    figure_kept_black: float
    figure_kept_wild: float
    style_told: float
    colour_obeyed: float
    garment_obeyed: float
    diversity: float
    diversity_of_seeds: float


@dataclass(frozen=True)
class Evaluation:
    """The figures, and what a person should look at: composite and four pictures a row."""

    figures: Figures
    rows: tuple[tuple[Image.Image, ...], ...]


def evaluate(slug: str, work: Path, count: int) -> Evaluation:
    """Renders `count` drawn cases and fewer of the others; about 7 s a drawn case on 2 cores."""
    judge = judging.load(work)
    few = max(4, count // 3)
    with tempfile.TemporaryDirectory() as home:
        bench = Bench(create_app_container(Settings(data_dir=Path(home))))
        preset = bench.preset(slug)
        drawn = drawn_cases(count)
        black = with_doodles(drawn[:few], black_pages(few))
        wild = with_doodles(drawn[:few], wild_pages(few))
        pictures, dark, noisy = (
            [bench.render(preset, case) for case in cases] for cases in (drawn, black, wild)
        )
        seeds = [bench.render(_seeds_of_one(preset), case) for case in drawn[:few]]
        obeyed = _obedience(bench, judge, preset, drawn)
    seen = [_looks(judge, four) for four in pictures]
    unlike = [
        difference
        for case, four in zip(drawn, pictures, strict=True)
        for picture in four
        for difference in region_color_errors(case.doodle, picture)
    ]
    figures = Figures(
        preset=slug,
        cases=count,
        likeness=float(np.median(unlike)),
        regions_kept=float(np.mean(np.array(unlike) < SAME_COLOR_DELTA_E)),
        figure_kept=_kept(drawn, seen),
        figure_kept_black=_kept(black, [_looks(judge, four) for four in dark]),
        figure_kept_wild=_kept(wild, [_looks(judge, four) for four in noisy]),
        style_told=_style_told(preset, seen),
        colour_obeyed=obeyed[0],
        garment_obeyed=obeyed[1],
        diversity=_spread(seen[:few]),
        diversity_of_seeds=_spread([_looks(judge, four) for four in seeds]),
    )
    shown = [*zip(drawn[:8], pictures, strict=False), *zip(black[:2], dark, strict=False)]
    shown += zip(wild[:2], noisy, strict=False)
    rows = tuple((overlay_doodle(case.base, case.doodle), *four) for case, four in shown)
    return Evaluation(figures, rows)


def _looks(judge: Judge, four: Four) -> list[Verdict]:
    return [judging.look(judge, picture) for picture in four]


def _kept(cases: Sequence[Case], seen: Sequence[Sequence[Verdict]]) -> float:
    """Share of pictures in which the figure stands as it did in the base image."""
    kept = []
    for case, verdicts in zip(cases, seen, strict=True):
        wanted = np.array(case.figure.keypoints)[list(BODY)]
        for verdict in verdicts:
            away = np.linalg.norm(verdict.joints[list(BODY)] - wanted, axis=1)
            kept.append((away < NEAR).sum() >= ENOUGH)
    return float(np.mean(kept))


def _style_told(preset: Preset, seen: Sequence[Sequence[Verdict]]) -> float:
    wanted = [STYLE_OF[preset.recipes[letter].base_model.name] for letter in SLOTS]
    return float(np.mean([[v.style == w for v, w in zip(vs, wanted, strict=True)] for vs in seen]))


def _spread(seen: Sequence[Sequence[Verdict]]) -> float:
    """Mean perceptual distance between the pictures of one request."""
    return float(
        np.mean([judging.distance(a, b) for four in seen for a, b in combinations(four, 2)])
    )


def _seeds_of_one(preset: Preset) -> Preset:
    """Recipe A four times with four seeds: what tuning a preset has to beat."""
    recipes = preset.recipes
    for number, letter in enumerate(SLOTS):
        rule = SeedPolicy(mode="offset", value=number) if number else SeedPolicy()
        recipes = recipes.replace(letter, preset.recipes.A.model_copy(update={"seed_rule": rule}))
    return preset.model_copy(update={"recipes": recipes})


def _obedience(
    bench: Bench, judge: Judge, preset: Preset, cases: Sequence[Case]
) -> tuple[float, float]:
    """Shares of pictures that show the colour, and the garment, asked for in words alone.

    The base is bare and strength is 1, so that nothing but the words says what is worn. The
    colour is looked for where the garment must be, the garment is for the judge to tell.
    """
    colours, garments = [], []
    free = _at_full_strength(preset)
    bare = with_doodles(cases, empty_pages(len(cases)))
    for index, case in enumerate(bare):
        kind, colour = ASKED[index % len(ASKED)], list(PAINTS)[(index * 5) % len(PAINTS)]
        article = "" if kind in ("trousers", "shorts") else "a "
        four = bench.render(free, case, f"{article}{colour} {kind}")
        for picture, verdict in zip(four, _looks(judge, four), strict=True):
            colours.append(wears(picture, case.figure, kind, PAINTS[colour]))
            garments.append(kind in verdict.kinds)
    return float(np.mean(colours)), float(np.mean(garments))


def _at_full_strength(preset: Preset) -> Preset:
    recipes = preset.recipes
    for letter in SLOTS:
        recipe = recipes[letter].model_copy(update={"strength": 1.0, "guidance_scale": 4.0})
        recipes = recipes.replace(letter, recipe)
    return preset.model_copy(update={"recipes": recipes})
