"""What masks keep: bytes of the base image, the figure under adversarial doodles, and what they cost. How well drift is
found and undone.

python -m benchmarks.images [--json] [--steps 14] [--sheet SHEET.png] [--drift-only]
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.image_drift import drift_measurements
from benchmarks.report import Measurement, argument_parser, print_measurements
from studio.app import AppContainer, create_app_container
from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.imaging.character_preservation import PASS_THRESHOLD, character_preservation_score
from studio.imaging.masks import doodle_mask
from studio.imaging.png_io import decode_png, encode_png
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.generation.recipe import MaskSettings
from studio.recipes.themes.preset import SLOTS, Preset
from studio.settings import Settings

MASK = MaskSettings(area="doodle", keep_face=True, keep_hands=True)
THEME, SEED = "first-light", 1


@dataclass(frozen=True)
class Case:
    """A doodle over a base image by one recipe, with and without a mask."""

    is_adversarial: bool
    equal_outside: float
    """Share of the pixels outside the mask that are the base image's, 0 to 1."""
    scores: tuple[float, float]
    """How well the figure is preserved, without and with the mask."""
    seconds: tuple[float, float]
    images: tuple[Image.Image, ...]
    """Composite, without mask, with mask."""


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--steps", type=int, default=14)
    parser.add_argument("--sheet", type=Path, help="Write the images of all cases there.")
    parser.add_argument("--drift-only", action="store_true", help="Render nothing.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        studio = create_app_container(Settings(data_dir=Path(directory)))
        drift = list(drift_measurements(studio))
        cases = [] if arguments.drift_only else list(_cases(studio, arguments.steps))
        studio.close()
    if arguments.sheet and cases:
        _sheet(cases).save(arguments.sheet)
    masks = _measurements(cases) if cases else ()
    print_measurements([*masks, *drift], arguments.as_json)


def _measurements(cases: list[Case]) -> Iterator[Measurement]:
    yield Measurement("cases", len(cases))
    exact = sum(case.equal_outside == 1 for case in cases)
    yield Measurement(
        "every byte outside the mask is the base image's", 100 * exact / len(cases), "%", 1
    )
    for is_adversarial, name in ((False, "sample"), (True, "adversarial")):
        of_kind = [case for case in cases if case.is_adversarial == is_adversarial]
        for index, variant in enumerate(("without mask", "with mask")):
            passed = sum(case.scores[index] >= PASS_THRESHOLD for case in of_kind)
            label = f"figure preserved, {name} doodles, {variant}"
            yield Measurement(label, 100 * passed / len(of_kind), "%", 1)
    ratios = [case.seconds[1] / case.seconds[0] for case in cases]
    yield Measurement("seconds with mask / without, median", statistics.median(ratios), "", 3)


def _cases(studio: AppContainer, steps: int) -> Iterator[Case]:
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
            plain, masked = (
                _jobs(studio, preset, base.id, encode_png(doodle), steps, mask)
                for mask in (MaskSettings(), MASK)
            )
            for pair in zip(plain, masked, strict=True):
                yield _case(studio, pixels, doodle, pair, name in adversarial)


def _jobs(
    studio: AppContainer, preset: Preset, base: str, doodle: bytes, steps: int, mask: MaskSettings
) -> list[RenderJob]:
    recipes = preset.recipes
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
    jobs: tuple[RenderJob, RenderJob],
    is_adversarial: bool,
) -> Case:
    images, seconds = [], []
    keypoints = jobs[0].base_image.keypoints
    for job in jobs:
        started = time.perf_counter()
        png = studio.rendering.renders.render_preview(job)
        seconds.append(time.perf_counter() - started)
        images.append(decode_png(png, "image").convert("RGB"))
    resized = base.resize(images[1].size, Image.Resampling.LANCZOS)
    mask = doodle_mask(doodle, images[1].size, MASK, keypoints)
    assert mask is not None
    outside = np.asarray(mask) == 0
    equal = (np.asarray(images[1])[outside] == np.asarray(resized)[outside]).all(axis=-1)
    composite = Image.alpha_composite(base.convert("RGBA"), doodle.convert("RGBA"))
    scores = [character_preservation_score(base, image, keypoints) for image in images]
    return Case(
        is_adversarial,
        float(equal.mean()) if equal.size else 1.0,
        (scores[0], scores[1]),
        (seconds[0], seconds[1]),
        (composite.convert("RGB"), *images),
    )


def _sheet(cases: list[Case], side: int = 192, columns: int = 4) -> Image.Image:
    """Composite, without and with mask of each case, so many cases beside one another."""
    rows = -(-len(cases) // columns)
    sheet = Image.new("RGB", (3 * columns * side, rows * side), "white")
    for index, case in enumerate(cases):
        row, column = divmod(index, columns)
        for place, image in enumerate(case.images):
            position = ((3 * column + place) * side, row * side)
            sheet.paste(image.resize((side, side)), position)
    return sheet


if __name__ == "__main__":
    main()
