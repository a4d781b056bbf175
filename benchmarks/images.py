"""What masks keep: bytes of the base image, the figure under adversarial doodles, and what they cost. How well drift is
found and undone.

python -m benchmarks.images [--json] [--steps 14] [--areas doodle garment both] [--sheet SHEET.png] [--drift-only]
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.image_drift import drift_measurements
from benchmarks.report import Measurement, argument_parser, print_measurements
from studio.app import AppContainer, create_app_container
from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.character_preservation import PASS_THRESHOLD, character_preservation_score
from studio.imaging.masks import inpaint_mask
from studio.imaging.png_io import decode_png, encode_png
from studio.imaging.zones import decode_zones
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import MaskArea, MaskSettings
from studio.recipes.themes.preset import SLOTS, Preset
from studio.settings import Settings

MASK = MaskSettings(keep_face=True, keep_hands=True)
AREAS: tuple[MaskArea, ...] = ("doodle", "garment", "both")
THEME, SEED = "first-light", 1


@dataclass(frozen=True)
class Case:
    """A doodle over a base image by one recipe: without a mask ("off"), and with one of each area."""

    is_adversarial: bool
    equal_outside: Mapping[MaskArea, float]
    """By area: share of the pixels outside the mask that are the base image's, 0 to 1."""
    scores: Mapping[MaskArea, float]
    """By area: how well the figure is preserved."""
    seconds: Mapping[MaskArea, float]
    images: tuple[Image.Image, ...]
    """Composite, without mask, with the mask of each area."""


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--steps", type=int, default=14)
    parser.add_argument("--areas", nargs="+", choices=AREAS, default=AREAS)
    parser.add_argument("--sheet", type=Path, help="Write the images of all cases there.")
    parser.add_argument("--drift-only", action="store_true", help="Render nothing.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        studio = create_app_container(Settings(data_dir=Path(directory)))
        drift = list(drift_measurements(studio))
        cases = (
            [] if arguments.drift_only else list(_cases(studio, arguments.steps, arguments.areas))
        )
        studio.close()
    if arguments.sheet and cases:
        _sheet(cases).save(arguments.sheet)
    masks = _measurements(cases) if cases else ()
    print_measurements([*masks, *drift], arguments.as_json)


def _measurements(cases: list[Case]) -> Iterator[Measurement]:
    yield Measurement("cases", len(cases))
    areas = tuple(cases[0].equal_outside)
    for area in areas:
        exact = sum(case.equal_outside[area] == 1 for case in cases)
        label = f"every byte outside the mask is the base image's, {area}"
        yield Measurement(label, 100 * exact / len(cases), "%", 1)
    for is_adversarial, name in ((False, "sample"), (True, "adversarial")):
        of_kind = [case for case in cases if case.is_adversarial == is_adversarial]
        for area in ("off", *areas):
            passed = sum(case.scores[area] >= PASS_THRESHOLD for case in of_kind)
            label = f"figure preserved, {name} doodles, {area}"
            yield Measurement(label, 100 * passed / len(of_kind), "%", 1)
    for area in areas:
        ratios = [case.seconds[area] / case.seconds["off"] for case in cases]
        label = f"seconds with mask / without, median, {area}"
        yield Measurement(label, statistics.median(ratios), "", 3)


def _cases(studio: AppContainer, steps: int, areas: Sequence[MaskArea]) -> Iterator[Case]:
    """All base images by all sample and adversarial doodles by all recipes."""
    preset = studio.stores.themes.get_version(THEME).preset
    for base in studio.stores.base_images.list_all():
        samples = {
            sample.name: decode_png(sample.png, sample.name)
            for sample in studio.authoring.sample_doodles
            if sample.base_image == base.id
        }
        adversarial = {
            name: make(base.width, base.height) for name, make in ADVERSARIAL_DOODLES.items()
        }
        pixels = decode_png(studio.stores.base_images.read_png(base), base.id).convert("RGB")
        for name, doodle in (samples | adversarial).items():
            by_area = [
                _jobs(studio, preset, base.id, encode_png(doodle), steps, area)
                for area in ("off", *areas)
            ]
            for jobs in zip(*by_area, strict=True):
                yield _case(studio, pixels, doodle, jobs, name in adversarial)


def _jobs(
    studio: AppContainer, preset: Preset, base: str, doodle: bytes, steps: int, area: MaskArea
) -> list[RenderJob]:
    recipes = preset.recipes
    mask = MASK.model_copy(update={"area": area})
    for slot in SLOTS:
        changes = {"steps": steps, "mask": mask}
        recipes = recipes.replace(slot, recipes[slot].model_copy(update=changes))
    request = studio.rendering.request_factory.create(
        preset.model_copy(update={"recipes": recipes}), base, doodle, "a red dress", SEED
    )
    return list(plan_jobs(request))


def _case(
    studio: AppContainer,
    base: Image.Image,
    doodle: Image.Image,
    jobs: tuple[RenderJob, ...],
    is_adversarial: bool,
) -> Case:
    images: dict[MaskArea, Image.Image] = {}
    seconds: dict[MaskArea, float] = {}
    equal_outside: dict[MaskArea, float] = {}
    keypoints = jobs[0].base_image.keypoints
    for job in jobs:
        area = job.recipe.mask.area
        started = time.perf_counter()
        png = studio.rendering.renders.render_preview(job)
        seconds[area] = time.perf_counter() - started
        images[area] = decode_png(png, "image").convert("RGB")
        if area != "off":
            equal_outside[area] = _equal_outside(job, base, doodle, images[area])
    composite = Image.alpha_composite(base.convert("RGBA"), doodle.convert("RGBA"))
    return Case(
        is_adversarial,
        equal_outside,
        {
            area: character_preservation_score(base, image, keypoints)
            for area, image in images.items()
        },
        seconds,
        (composite.convert("RGB"), *images.values()),
    )


def _equal_outside(
    job: RenderJob, base: Image.Image, doodle: Image.Image, image: Image.Image
) -> float:
    """The share of the pixels outside the job's mask that are the base image's."""
    zones = decode_zones(job.zone_images, base.size)
    mask = inpaint_mask(job.recipe.mask, image.size, doodle, zones, job.base_image.keypoints)
    assert mask is not None
    outside = np.asarray(mask) == 0
    resized = np.asarray(base.resize(image.size, Image.Resampling.LANCZOS))
    equal = (np.asarray(image)[outside] == resized[outside]).all(axis=-1)
    return float(equal.mean()) if equal.size else 1.0


def _sheet(cases: list[Case], side: int = 192, columns: int = 4) -> Image.Image:
    """The images of each case, so many cases beside one another."""
    rows, width = -(-len(cases) // columns), len(cases[0].images)
    sheet = Image.new("RGB", (width * columns * side, rows * side), "white")
    for index, case in enumerate(cases):
        row, column = divmod(index, columns)
        for place, image in enumerate(case.images):
            position = ((width * column + place) * side, row * side)
            sheet.paste(image.resize((side, side)), position)
    return sheet


if __name__ == "__main__":
    main()
