"""Robustness and regression suites: rendering, scoring, reports."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.errors import JobCancelledError, NotFoundError, RenderError
from studio.imaging.adversarial_doodles import ADVERSARIAL_DOODLES
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS
from studio.services.evaluation.regression import SEEDS
from studio.services.evaluation.regression_report import render_html, render_png
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer

RENDERED_DOODLES = ("star-dress", "striped-set")


def ignore_progress(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer(steps=1)


@pytest.fixture
def studio(home: Path, fresh: Path, renderer: FakeRenderer) -> AppContainer:
    """A studio with a theme `two` of two base images."""
    shutil.copytree(fresh, home)
    container = create_app_container(Settings(data_dir=home), lambda: renderer)
    preset = container.stores.themes.get_version("first-light").preset
    container.stores.themes.save(
        preset.model_copy(update={"slug": "two", "base_images": ("mia", "ruby")})
    )
    return container


def save(studio: AppContainer, prompt: str) -> int:
    preset = studio.stores.themes.get_version("two").preset
    return studio.stores.themes.save(preset.model_copy(update={"theme_prompt": prompt})).version


def test_robustness_separates_lost_from_preserved_characters(
    studio: AppContainer,
) -> None:
    """The fake renderer returns the doodle over the base image: doodles that cover it fail."""
    report = studio.evaluation.suites.run_robustness("two", 1, ignore_progress)
    assert len(report.cases) == 2 * len(ADVERSARIAL_DOODLES) * len(SLOTS)
    assert {case.base_image for case in report.cases} == {"mia", "ruby"}
    lost = {"all-black", "all-white", "neon-noise"}
    assert {case.doodle for case in report.failures} == lost
    assert report.pass_rate == pytest.approx(1 - len(lost) / len(ADVERSARIAL_DOODLES))
    assert not report.passed
    assert studio.evaluation.suites.robustness("two", 1) == report


def test_failed_recipe_counts_as_not_passed_with_a_reason(
    studio: AppContainer, renderer: FakeRenderer
) -> None:
    renderer._errors["C"] = RenderError("recipe C: out of memory")
    report = studio.evaluation.suites.run_robustness("two", None, ignore_progress)
    failed = [case for case in report.cases if case.slot == "C"]
    assert all(
        str(case.failure_reason) == "recipe C: out of memory" and case.score is None
        for case in failed
    )
    assert not any(case.passed for case in failed)


def test_interrupted_evaluation_resumes_from_the_cache(
    studio: AppContainer, renderer: FakeRenderer
) -> None:
    def stop_at(done: int, total: int) -> None:
        if done == 5:
            raise JobCancelledError("enough")

    with pytest.raises(JobCancelledError):
        studio.evaluation.suites.run_robustness("two", 1, stop_at)
    assert len(renderer.rendered) == 5
    assert studio.evaluation.suites.robustness("two", 1) is None
    studio.evaluation.suites.run_robustness("two", 1, ignore_progress)
    assert len(renderer.rendered) == 2 * len(ADVERSARIAL_DOODLES) * len(SLOTS)


def test_regression_baseline_is_the_live_version(studio: AppContainer) -> None:
    second, third = save(studio, "bold"), save(studio, "pale")
    studio.stores.deployments.add(DeploymentSpec(slug="two", version=second))
    run = studio.evaluation.suites.run_regression("two", third, None, ignore_progress)
    assert run.report.baseline_version == second
    assert {(c.doodle, c.seed, c.slot) for c in run.report.comparisons} == {
        (doodle, seed, slot) for doodle in RENDERED_DOODLES for seed in SEEDS for slot in SLOTS
    }
    assert run.report.median_delta_e == 0
    assert all(case.changed_regions == () for case in run.report.comparisons)
    assert studio.evaluation.suites.regression("two", third) == run.report


def test_regression_baseline_without_deployment_is_the_previous_version(
    studio: AppContainer,
) -> None:
    assert (
        studio.evaluation.suites.run_regression(
            "two", 1, None, ignore_progress
        ).report.baseline_version
        is None
    )
    second = save(studio, "bold")
    assert (
        studio.evaluation.suites.run_regression(
            "two", second, None, ignore_progress
        ).report.baseline_version
        == 1
    )
    assert (
        studio.evaluation.suites.run_regression(
            "two", 1, second, ignore_progress
        ).report.baseline_version
        == second
    )


def test_regression_measures_changes_and_their_regions(
    studio: AppContainer, renderer: FakeRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = save(studio, "bold")
    original = renderer._render

    def patched(job: object, base: object, doodle: object, listener: object) -> object:
        result = original(job, base, doodle, listener)  # type: ignore[arg-type]
        if "bold" in job.prompt:  # type: ignore[attr-defined]
            image = result.image.copy()
            image.paste((0, 160, 0), (192, 0, 224, 32))
            return replace(result, decoded=image)
        return result

    monkeypatch.setattr(renderer, "_render", patched)
    report = studio.evaluation.suites.run_regression("two", second, 1, ignore_progress).report
    assert report.median_delta_e is not None
    assert 0 < report.median_delta_e < 5
    for case in report.comparisons:
        [region] = case.changed_regions
        assert (region.x, region.y) == (0.75, 0.0)


def test_regression_report_has_quality_metrics(
    studio: AppContainer,
) -> None:
    """The fake renderer returns the doodle four times: no color error, no diversity."""
    metrics = studio.evaluation.suites.run_regression(
        "two", 1, None, ignore_progress
    ).report.metrics
    assert metrics.color_error == pytest.approx(0, abs=0.2)
    assert (metrics.diversity, metrics.seed_diversity) == (0, 0)


def test_regression_report_renders_as_png_and_html(studio: AppContainer) -> None:
    second = save(studio, "<b>bold</b>")
    version = studio.stores.themes.get_version("two", second)
    run = studio.evaluation.suites.run_regression("two", second, None, ignore_progress)
    image = Image.open(io.BytesIO(render_png(run, version)))
    assert image.width > 9 * 256
    assert image.height > len(RENDERED_DOODLES) * len(SEEDS) * 256
    page = render_html(run, version)
    assert page.count("<img") == len(run.report.comparisons) * 3
    assert "Compared with version 1" in page
    assert "http" not in page


def test_reviewers_are_stored_with_the_regression_report(studio: AppContainer) -> None:
    with pytest.raises(NotFoundError, match="has no regression report"):
        studio.evaluation.suites.mark_reviewed("two", 1, "ada")
    studio.evaluation.suites.run_regression("two", 1, None, ignore_progress, reviewer="ada")
    report = studio.evaluation.suites.regression("two", 1)
    assert report is not None
    assert report.reviewed_by == ("ada",)


def test_preset_without_fitting_sample_doodles_is_refused(studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("two").preset
    studio.stores.themes.save(preset.model_copy(update={"slug": "lone", "base_images": ("noah",)}))
    with pytest.raises(NotFoundError, match="No sample doodle fits"):
        studio.evaluation.suites.run_regression("lone", 1, None, ignore_progress)


def test_reading_a_regression_report_renders_nothing(
    studio: AppContainer, renderer: FakeRenderer
) -> None:
    """Issue 18, 14 (security review 1.12): reading has no side effects."""
    suites = studio.evaluation.suites
    report = suites.run_regression("two", 1, None, ignore_progress).report
    rendered = len(renderer.rendered)
    images = suites.compare("two", 1).images
    shown = {(image.doodle, image.seed, image.slot) for image in images if image.image}
    assert shown == {(one.doodle, one.seed, one.slot) for one in report.comparisons}
    for file in suites.costs.cache.directory.iterdir():
        file.unlink()
    assert {image.image for image in suites.compare("two", 1).images} == {None}
    assert len(renderer.rendered) == rendered
