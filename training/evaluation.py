"""Measures a preset on doodles never trained on: likeness, figure, style, words, diversity."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from studio.bootstrap import open_studio
from studio.imaging.compose import composite
from studio.imaging.likeness import KEPT, differences
from studio.recipes.preset import LETTERS, Preset
from studio.recipes.recipe import SeedRule
from studio.settings import Settings
from training import evaluator_network as judging
from training.colors import NAMED_COLORS
from training.evaluation_harness import (
    Case,
    EvaluationHarness,
    base_only_cases,
    scene_cases,
    scribble_cases,
    solid_cases,
    with_doodles,
)
from training.evaluator_network import Assessment, EvaluatorNet
from training.garment_check import shows_garment

BODY = tuple(range(14))
"""COCO's nose, neck, shoulders, elbows, wrists, hips, knees and ankles."""
JOINT_TOLERANCE, MIN_JOINTS = 0.07, 12
"""A joint is kept within this fraction of the page; a figure with this many of its 14 joints."""
STYLE_OF = {"pocket-ink": "ink", "pocket-water": "water"}
TEST_PROMPTS = ("dress", "top", "trousers", "skirt", "shorts")

Four = tuple[Image.Image, ...]


@dataclass(frozen=True)
class Metrics:
    """What was measured; shares are 0-1."""

    preset: str
    cases: int
    likeness: float
    color_kept_rate: float
    character_kept_rate: float
    character_kept_rate_solid: float
    character_kept_rate_scribbled: float
    style_accuracy: float
    color_adherence: float
    garment_adherence: float
    diversity: float
    diversity_of_seeds: float


@dataclass(frozen=True)
class Evaluation:
    """The figures, and what a person should look at: composite and four pictures a row."""

    metrics: Metrics
    rows: tuple[tuple[Image.Image, ...], ...]


def evaluate(slug: str, work: Path, count: int) -> Evaluation:
    """Renders `count` drawn cases and fewer of the others; about 7 s a drawn case on 2 cores."""
    evaluator = judging.load(work)
    few = max(4, count // 3)
    with tempfile.TemporaryDirectory() as home:
        bench = EvaluationHarness(open_studio(Settings(home=Path(home))))
        preset = bench.preset(slug)
        drawn = scene_cases(count)
        black = with_doodles(drawn[:few], solid_cases(few))
        wild = with_doodles(drawn[:few], scribble_cases(few))
        pictures, dark, noisy = (
            [bench.render(preset, case) for case in cases] for cases in (drawn, black, wild)
        )
        seeds = [bench.render(_seeds_of_one(preset), case) for case in drawn[:few]]
        obeyed = _prompt_adherence(bench, evaluator, preset, drawn)
    seen = [_looks(evaluator, four) for four in pictures]
    unlike = [
        difference
        for case, four in zip(drawn, pictures, strict=True)
        for picture in four
        for difference in differences(case.doodle, picture)
    ]
    metrics = Metrics(
        preset=slug,
        cases=count,
        likeness=float(np.median(unlike)),
        color_kept_rate=float(np.mean(np.array(unlike) < KEPT)),
        character_kept_rate=_kept(drawn, seen),
        character_kept_rate_solid=_kept(black, [_looks(evaluator, four) for four in dark]),
        character_kept_rate_scribbled=_kept(wild, [_looks(evaluator, four) for four in noisy]),
        style_accuracy=_style_accuracy(preset, seen),
        color_adherence=obeyed[0],
        garment_adherence=obeyed[1],
        diversity=_diversity(seen[:few]),
        diversity_of_seeds=_diversity([_looks(evaluator, four) for four in seeds]),
    )
    shown = [*zip(drawn[:8], pictures, strict=False), *zip(black[:2], dark, strict=False)]
    shown += zip(wild[:2], noisy, strict=False)
    rows = tuple((composite(case.base, case.doodle), *four) for case, four in shown)
    return Evaluation(metrics, rows)


def _looks(evaluator: EvaluatorNet, four: Four) -> list[Assessment]:
    return [judging.assess(evaluator, picture) for picture in four]


def _kept(cases: Sequence[Case], seen: Sequence[Sequence[Assessment]]) -> float:
    """Share of pictures in which the figure stands as it did in the base image."""
    kept = []
    for case, verdicts in zip(cases, seen, strict=True):
        target = np.array(case.character.keypoints)[list(BODY)]
        for verdict in verdicts:
            away = np.linalg.norm(verdict.joints[list(BODY)] - target, axis=1)
            kept.append((away < JOINT_TOLERANCE).sum() >= MIN_JOINTS)
    return float(np.mean(kept))


def _style_accuracy(preset: Preset, seen: Sequence[Sequence[Assessment]]) -> float:
    target = [STYLE_OF[preset.recipes[letter].base_model.name] for letter in LETTERS]
    return float(np.mean([[v.style == w for v, w in zip(vs, target, strict=True)] for vs in seen]))


def _diversity(seen: Sequence[Sequence[Assessment]]) -> float:
    """Mean perceptual distance between the pictures of one request."""
    return float(
        np.mean(
            [judging.perceptual_distance(a, b) for four in seen for a, b in combinations(four, 2)]
        )
    )


def _seeds_of_one(preset: Preset) -> Preset:
    """Recipe A four times with four seeds: what tuning a preset has to beat."""
    recipes = preset.recipes
    for number, letter in enumerate(LETTERS):
        rule = SeedRule(kind="offset", value=number) if number else SeedRule()
        recipes = recipes.replace(letter, preset.recipes.A.model_copy(update={"seed_rule": rule}))
    return preset.model_copy(update={"recipes": recipes})


def _prompt_adherence(
    bench: EvaluationHarness, evaluator: EvaluatorNet, preset: Preset, cases: Sequence[Case]
) -> tuple[float, float]:
    """Shares of pictures that show the colour, and the garment, asked for in words alone.

    The base is bare and strength is 1, so that nothing but the words says what is worn. The
    colour is looked for where the garment must be, the garment is for the judge to tell.
    """
    colors, garments = [], []
    free = _at_full_strength(preset)
    bare = with_doodles(cases, base_only_cases(len(cases)))
    for index, case in enumerate(bare):
        kind, color = (
            TEST_PROMPTS[index % len(TEST_PROMPTS)],
            list(NAMED_COLORS)[(index * 5) % len(NAMED_COLORS)],
        )
        article = "" if kind in ("trousers", "shorts") else "a "
        four = bench.render(free, case, f"{article}{color} {kind}")
        for picture, verdict in zip(four, _looks(evaluator, four), strict=True):
            colors.append(shows_garment(picture, case.character, kind, NAMED_COLORS[color]))
            garments.append(kind in verdict.kinds)
    return float(np.mean(colors)), float(np.mean(garments))


def _at_full_strength(preset: Preset) -> Preset:
    recipes = preset.recipes
    for letter in LETTERS:
        recipe = recipes[letter].model_copy(update={"strength": 1.0, "guidance_scale": 4.0})
        recipes = recipes.replace(letter, recipe)
    return preset.model_copy(update={"recipes": recipes})
