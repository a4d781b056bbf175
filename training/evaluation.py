"""Measures a preset on doodles never trained on: color error, character, style, words, diversity."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from studio.app import create_app_container
from studio.imaging.color_metrics import SAME_COLOR_DELTA_E, region_color_errors
from studio.imaging.compositing import overlay_doodle
from studio.recipes.generation.recipe import SeedPolicy
from studio.recipes.themes.preset import SLOTS, Preset
from studio.settings import Settings
from training.colors import NAMED_COLORS
from training.evaluation_harness import (
    Case,
    EvaluationHarness,
    base_only_cases,
    motif_cases,
    scene_cases,
    scribble_cases,
    solid_cases,
    with_doodles,
)
from training.evaluator_network import Assessment, Evaluators, perceptual_distance
from training.garment_check import shows_garment
from training.scene_store import detail_of

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
    color_error: float
    color_kept_rate: float
    character_kept_rate: float
    character_kept_rate_solid: float
    character_kept_rate_scribbled: float
    style_accuracy: float
    color_adherence: float
    garment_adherence: float
    diversity: float
    diversity_of_seeds: float
    detail_kept_rate: float
    face_difference: float
    nothing_added_rate: float
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """The figures, and what a person should look at: composite and four pictures a row."""

    metrics: Metrics
    rows: tuple[tuple[Image.Image, ...], ...]


def evaluate(slug: str, work: Path, count: int) -> Evaluation:
    """Renders `count` drawn cases and fewer of the others; about 7 s a drawn case on 2 cores."""
    evaluators = Evaluators.load(work)
    few = max(4, count // 3)
    with tempfile.TemporaryDirectory() as home:
        harness = EvaluationHarness(create_app_container(Settings(home=Path(home))))
        preset = harness.preset(slug)
        drawn, detailed = scene_cases(count), motif_cases(count)
        black = with_doodles(drawn[:few], solid_cases(few))
        wild = with_doodles(drawn[:few], scribble_cases(few))
        marked = scene_cases(few, "marks")
        harness.render(preset, drawn[0])
        began = time.perf_counter()
        images = [harness.render(preset, case) for case in drawn]
        seconds = (time.perf_counter() - began) / count
        details, dark, noisy, little = (
            [harness.render(preset, case) for case in cases]
            for cases in (detailed, black, wild, marked)
        )
        seeds = [harness.render(_seeds_of_one(preset), case) for case in drawn[:few]]
        adherence = _prompt_adherence(harness, evaluators, preset, drawn)
    seen = [_assess(evaluators, four) for four in images]
    unlike = [
        difference
        for case, four in zip(drawn, images, strict=True)
        for image in four
        for difference in region_color_errors(case.doodle, image)
    ]
    metrics = Metrics(
        preset=slug,
        cases=count,
        color_error=float(np.median(unlike)),
        color_kept_rate=float(np.mean(np.array(unlike) < SAME_COLOR_DELTA_E)),
        character_kept_rate=_kept(drawn, seen),
        character_kept_rate_solid=_kept(black, [_assess(evaluators, four) for four in dark]),
        character_kept_rate_scribbled=_kept(wild, [_assess(evaluators, four) for four in noisy]),
        style_accuracy=_style_accuracy(preset, seen),
        color_adherence=adherence[0],
        garment_adherence=adherence[1],
        diversity=_diversity(seen[:few]),
        diversity_of_seeds=_diversity([_assess(evaluators, four) for four in seeds]),
        detail_kept_rate=_details_kept(evaluators, detailed, details),
        face_difference=_face_difference(preset, drawn, images),
        nothing_added_rate=_nothing_added(evaluators, little),
        seconds=seconds,
    )
    groups = (
        (drawn[:6], images),
        (detailed[:6], details),
        (black[:2], dark),
        (wild[:2], noisy),
        (marked[:4], little),
    )
    shown = [pair for cases, fours in groups for pair in zip(cases, fours, strict=False)]
    rows = tuple((overlay_doodle(case.base, case.doodle), *four) for case, four in shown)
    return Evaluation(metrics, rows)


def _assess(evaluators: Evaluators, four: Four) -> list[Assessment]:
    return [evaluators.assess(image) for image in four]


def _details_kept(evaluators: Evaluators, cases: Sequence[Case], images: Sequence[Four]) -> float:
    """Share of images in which the detail network finds the motif or pattern that was drawn."""
    kept = []
    for case, four in zip(cases, images, strict=True):
        detail, center = detail_of(case.character, case.outfit)
        kept += [evaluators.detail(image, center) == detail for image in four]
    return float(np.mean(kept))


def _face_difference(preset: Preset, cases: Sequence[Case], images: Sequence[Four]) -> float:
    """Mean CIEDE2000 to the painter's own image in a square on the face, over all images."""
    differences_of_faces = []
    for case, four in zip(cases, images, strict=True):
        x, y = case.character.head
        reach = case.character.head_radius * 0.75
        box = (round(x - reach), round(y - reach * 0.6), round(x + reach), round(y + reach))
        for letter, image in zip(SLOTS, four, strict=True):
            style = STYLE_OF[preset.recipes[letter].base_model.name]
            pair = (case.targets[style], image)
            labs = [rgb2lab(np.asarray(each.convert("RGB").crop(box)) / 255) for each in pair]
            differences_of_faces.append(float(deltaE_ciede2000(*labs).mean()))
    return float(np.mean(differences_of_faces))


def _nothing_added(evaluators: Evaluators, images: Sequence[Four]) -> float:
    """Share of images of nothing, or of marks beside the figure, that show no garment."""
    return float(np.mean([not a.kinds for four in images for a in _assess(evaluators, four)]))


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
    target = [STYLE_OF[preset.recipes[letter].base_model.name] for letter in SLOTS]
    return float(np.mean([[v.style == w for v, w in zip(vs, target, strict=True)] for vs in seen]))


def _diversity(seen: Sequence[Sequence[Assessment]]) -> float:
    """Mean perceptual distance between the pictures of one request."""
    return float(
        np.mean([perceptual_distance(a, b) for four in seen for a, b in combinations(four, 2)])
    )


def _seeds_of_one(preset: Preset) -> Preset:
    """Recipe A four times with four seeds: what tuning a preset has to beat."""
    recipes = preset.recipes
    for number, letter in enumerate(SLOTS):
        rule = SeedPolicy(mode="offset", value=number) if number else SeedPolicy()
        recipes = recipes.replace(letter, preset.recipes.A.model_copy(update={"seed_policy": rule}))
    return preset.model_copy(update={"recipes": recipes})


def _prompt_adherence(
    harness: EvaluationHarness, evaluators: Evaluators, preset: Preset, cases: Sequence[Case]
) -> tuple[float, float]:
    """Shares of pictures that show the color, and the garment, asked for in words alone.

    The base is bare and strength is 1, so that nothing but the words says what is worn. The
    color is looked for where the garment must be, the garment is for the evaluator to tell.
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
        four = harness.render(free, case, f"{article}{color} {kind}")
        for picture, verdict in zip(four, _assess(evaluators, four), strict=True):
            colors.append(shows_garment(picture, case.character, kind, NAMED_COLORS[color]))
            garments.append(kind in verdict.kinds)
    return float(np.mean(colors)), float(np.mean(garments))


def _at_full_strength(preset: Preset) -> Preset:
    recipes = preset.recipes
    for letter in SLOTS:
        recipe = recipes[letter].model_copy(
            update={"denoising_strength": 1.0, "guidance_scale": 4.0}
        )
        recipes = recipes.replace(letter, recipe)
    return preset.model_copy(update={"recipes": recipes})
