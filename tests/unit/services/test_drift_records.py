"""Drift from the finisher to the store, the image's record and the metrics."""

import io
import json
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.engine.results import RenderListener, RenderResult
from studio.imaging.finishing import FinishedImage, Finishing
from studio.imaging.png_io import decode_png
from studio.imaging.png_metadata import read_metadata
from studio.recipes.generation.drift import DriftLock
from studio.recipes.generation.job import RenderJob
from studio.recipes.themes.preset import SLOTS, Preset
from studio.services.evaluation.regression_report import render_html
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer

SHIFT = 6


@dataclass(frozen=True)
class TracedFinishing(Finishing):
    """Notes the threads in which images are finished."""

    threads: set[str] = field(default_factory=set)

    def finish(self, image: Image.Image) -> FinishedImage:
        self.threads.add(threading.current_thread().name)
        return super().finish(image)


class ShiftingRenderer(FakeRenderer):
    """Moves everything to the right."""

    def __init__(self) -> None:
        super().__init__(steps=1)
        self.finished_in: set[str] = set()

    def _render(
        self,
        job: RenderJob,
        base: Image.Image,
        doodle: Image.Image | None,
        listener: RenderListener,
    ) -> RenderResult:
        result = super()._render(job, base, doodle, listener)
        pixels = np.asarray(result.decoded.convert("RGB"))
        moved = np.concatenate([pixels[:, :1].repeat(SHIFT, axis=1), pixels[:, :-SHIFT]], axis=1)
        lock, keypoints = job.recipe.drift_lock, job.base_image.keypoints
        finishing = TracedFinishing(base, doodle, None, lock, keypoints, self.finished_in)
        return replace(result, decoded=Image.fromarray(moved), finishing=finishing)


@pytest.fixture
def renderer() -> ShiftingRenderer:
    return ShiftingRenderer()


@pytest.fixture
def studio(home: Path, fresh: Path, renderer: ShiftingRenderer) -> AppContainer:
    shutil.copytree(fresh, home)
    return create_app_container(Settings(data_dir=home), lambda: renderer)


def preset_with(studio: AppContainer, lock: DriftLock) -> Preset:
    preset = studio.stores.themes.get_version("first-light").preset
    recipes = preset.recipes
    for slot in SLOTS:
        recipes = recipes.replace(slot, recipes[slot].model_copy(update={"drift_lock": lock}))
    return preset.model_copy(update={"recipes": recipes})


def render(studio: AppContainer, lock: DriftLock) -> str:
    """Renders the four variants of a sample doodle; the id of the run."""
    sample = next(one for one in studio.authoring.sample_doodles if one.name == "sporty")
    request = studio.rendering.request_factory.create(
        preset_with(studio, lock), "kofi", sample.png, "", 1
    )
    for _ in studio.rendering.renders.start(request).events():
        pass
    return request.id


def test_drift_is_measured_beside_the_device_and_stored(
    studio: AppContainer, renderer: ShiftingRenderer
) -> None:
    variants = studio.stores.variants.list_for_request(render(studio, "measure"))
    assert len(variants) == 4
    assert renderer.threads == {"lane-0"}
    assert all(name.startswith("finisher-") for name in renderer.finished_in)
    for variant in variants:
        assert variant.drift is not None
        assert variant.drift.shift_x == pytest.approx(SHIFT, abs=0.1)
        assert variant.drift.exceeded == ("shift",)
        assert variant.drift_before is None
        png = studio.stores.variants.read_image(variant.image_sha256)
        record = json.loads(read_metadata(Image.open(io.BytesIO(png))) or "")
        assert record["drift"] == variant.drift.model_dump(mode="json")
    values = studio.rendering.renders.metrics.registry.get_sample_value
    assert values("studio_variant_shift_pixels_count", {"theme": "first-light"}) == 4
    assert values("studio_variant_shift_pixels_bucket", {"theme": "first-light", "le": "4.0"}) == 0


def test_drift_is_corrected_and_both_figures_are_stored(studio: AppContainer) -> None:
    [variant, *_] = studio.stores.variants.list_for_request(render(studio, "correct"))
    assert variant.drift is not None
    assert variant.drift.exceeded == ()
    assert variant.drift_before is not None
    assert variant.drift_before.exceeded == ("shift",)
    base = studio.stores.base_images.read_png(studio.stores.base_images.get("kofi"))
    png = studio.stores.variants.read_image(variant.image_sha256)
    first, second = (np.asarray(decode_png(one, "image").convert("RGB")) for one in (base, png))
    assert (np.abs(first[:80].astype(int) - second[:80]) > 12).mean() < 0.02


def test_without_the_lock_nothing_is_measured(studio: AppContainer) -> None:
    [variant, *_] = studio.stores.variants.list_for_request(render(studio, "off"))
    assert (variant.drift, variant.drift_before) == (None, None)


def test_the_regression_suite_measures_the_theme_and_stops_its_deployment(
    studio: AppContainer,
) -> None:
    """Issue 23, 2: the gate stops a theme with a median shift above 2 px, whatever its drift lock is."""
    themes, suites = studio.stores.themes, studio.evaluation.suites
    saved = themes.save(preset_with(studio, "off").model_copy(update={"base_images": ("kofi",)}))
    run = suites.run_regression("first-light", saved.version, 1, lambda done, total: None)
    drift = run.report.drift
    assert drift is not None
    assert (drift.images, drift.measured) == (8, 8)
    assert drift.median_shift == pytest.approx(SHIFT, abs=0.1)
    assert "median 6.0 px, 95% within 6.0 px (8 of 8 images measured)" in render_html(run, saved)
    checks = studio.authoring.deployments.run_checks("first-light", saved.version)
    [moved] = [each for each in checks if "Figures moved" in str(each.message)]
    assert moved.level == "error"
    assert "by 6.0 px in the median" in str(moved.message)

    locked = preset_with(studio, "correct").model_copy(update={"base_images": ("kofi",)})
    corrected = themes.save(locked)
    suites.run_regression("first-light", corrected.version, 1, lambda done, total: None)
    checks = studio.authoring.deployments.run_checks("first-light", corrected.version)
    [moved] = [each for each in checks if "Figures moved" in str(each.message)]
    assert moved.level == "pass"
