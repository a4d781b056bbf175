"""Robustness packs and regression sheets: drawn once, judged, kept beside the version."""

import io
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
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings

DRAWN = ("star-dress", "striped-set")


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer(steps=1)


@pytest.fixture
def studio(home: Path, renderer: FakeRenderer) -> AppContainer:
    """With a theme `two` of two base images."""
    opened = create_app_container(Settings(data_dir=home), lambda: renderer)
    preset = opened.themes.get_version("first-light").preset
    opened.themes.save(preset.model_copy(update={"slug": "two", "base_images": ("mia", "ruby")}))
    return opened


def save(studio: AppContainer, prompt: str) -> int:
    preset = studio.themes.get_version("two").preset
    return studio.themes.save(preset.model_copy(update={"theme_prompt": prompt})).version


def test_a_page_that_swallows_the_figure_is_told_from_one_that_keeps_it(
    studio: AppContainer,
) -> None:
    """The stand-in renderer gives the doodle over the base back: what covers it is lost."""
    found = studio.evaluations.run_robustness("two", 1, silent)
    assert len(found.cases) == 2 * len(ADVERSARIAL_DOODLES) * len(SLOTS)
    assert {cell.base_image for cell in found.cases} == {"mia", "ruby"}
    lost = {"all-black", "all-white", "neon-noise"}
    assert {cell.doodle for cell in found.failures} == lost
    assert found.pass_rate == pytest.approx(1 - len(lost) / len(ADVERSARIAL_DOODLES))
    assert not found.passed
    assert studio.evaluations.robustness("two", 1) == found


def test_a_recipe_that_fails_counts_as_lost_and_says_why(
    studio: AppContainer, renderer: FakeRenderer
) -> None:
    renderer._errors["C"] = RenderError("recipe C: out of memory")
    found = studio.evaluations.run_robustness("two", None, silent)
    failed = [cell for cell in found.cases if cell.slot == "C"]
    assert all(
        str(cell.failure_reason) == "recipe C: out of memory" and cell.score is None
        for cell in failed
    )
    assert not any(cell.passed for cell in failed)


def test_what_was_drawn_is_not_drawn_again(studio: AppContainer, renderer: FakeRenderer) -> None:
    def stop_at(done: int, total: int) -> None:
        if done == 5:
            raise JobCancelledError("enough")

    with pytest.raises(JobCancelledError):
        studio.evaluations.run_robustness("two", 1, stop_at)
    assert len(renderer.rendered) == 5
    assert studio.evaluations.robustness("two", 1) is None
    studio.evaluations.run_robustness("two", 1, silent)
    assert len(renderer.rendered) == 2 * len(ADVERSARIAL_DOODLES) * len(SLOTS)


def test_a_sheet_is_compared_with_what_is_served(studio: AppContainer) -> None:
    second, third = save(studio, "bold"), save(studio, "pale")
    studio.deployments.deployments.add(DeploymentSpec(slug="two", version=second))
    drawn = studio.evaluations.run_regression("two", third, None, silent)
    assert drawn.report.baseline_version == second
    assert {(c.doodle, c.seed, c.slot) for c in drawn.report.comparisons} == {
        (doodle, seed, slot) for doodle in DRAWN for seed in SEEDS for slot in SLOTS
    }
    assert drawn.report.median_delta_e == 0
    assert all(cell.changed_regions == () for cell in drawn.report.comparisons)
    assert studio.evaluations.regression("two", third) == drawn.report


def test_without_a_deployment_the_version_before_is_compared_with(studio: AppContainer) -> None:
    assert studio.evaluations.run_regression("two", 1, None, silent).report.baseline_version is None
    second = save(studio, "bold")
    assert (
        studio.evaluations.run_regression("two", second, None, silent).report.baseline_version == 1
    )
    assert (
        studio.evaluations.run_regression("two", 1, second, silent).report.baseline_version
        == second
    )


def test_what_changed_is_measured_and_its_places_are_told(
    studio: AppContainer, renderer: FakeRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = save(studio, "bold")
    plain = renderer._render

    def patched(job: object, base: object, doodle: object, watch: object) -> object:
        rendered = plain(job, base, doodle, watch)  # type: ignore[arg-type]
        if "bold" in job.prompt:  # type: ignore[attr-defined]
            image = rendered.image.copy()
            image.paste((0, 160, 0), (192, 0, 224, 32))
            return replace(rendered, image=image)
        return rendered

    monkeypatch.setattr(renderer, "_render", patched)
    report = studio.evaluations.run_regression("two", second, 1, silent).report
    assert report.median_delta_e is not None
    assert 0 < report.median_delta_e < 5
    for cell in report.comparisons:
        [place] = cell.changed_regions
        assert (place.x, place.y) == (0.75, 0.0)


def test_a_sheet_says_how_like_the_doodle_and_how_diverse_the_images_are(
    studio: AppContainer,
) -> None:
    """The stand-in draws the doodle itself four times: perfectly like it, not diverse at all."""
    looks = studio.evaluations.run_regression("two", 1, None, silent).report.metrics
    assert looks.color_error == pytest.approx(0, abs=0.2)
    assert (looks.diversity, looks.seed_diversity) == (0, 0)


def test_a_sheet_is_written_as_one_image_and_one_page(studio: AppContainer) -> None:
    second = save(studio, "<b>bold</b>")
    version = studio.themes.get_version("two", second)
    drawn = studio.evaluations.run_regression("two", second, None, silent)
    image = Image.open(io.BytesIO(render_png(drawn, version)))
    assert image.width > 9 * 256
    assert image.height > len(DRAWN) * len(SEEDS) * 256
    page = render_html(drawn, version)
    assert page.count("<img") == len(drawn.report.comparisons) * 3
    assert "compared with version 1" in page
    assert "http" not in page


def test_who_has_seen_a_sheet_is_kept_with_it(studio: AppContainer) -> None:
    with pytest.raises(
        NotFoundError, match="no regression sheet: draw it with `studio themes regression"
    ):
        studio.evaluations.mark_reviewed("two", 1, "ada")
    studio.evaluations.run_regression("two", 1, None, silent, seen_by="ada")
    report = studio.evaluations.regression("two", 1)
    assert report is not None
    assert report.reviewed_by == ("ada",)


def test_a_preset_whose_bases_no_test_doodle_fits_says_so(studio: AppContainer) -> None:
    preset = studio.themes.get_version("two").preset
    studio.themes.save(preset.model_copy(update={"slug": "lone", "base_images": ("noah",)}))
    with pytest.raises(
        NotFoundError, match="no test doodle was drawn on a base image of this preset"
    ):
        studio.evaluations.run_regression("lone", 1, None, silent)


def test_looking_at_a_sheet_draws_nothing(studio: AppContainer, renderer: FakeRenderer) -> None:
    """Issue 18, 14 (security review 1.12): what only reads changes nothing."""
    report = studio.evaluations.run_regression("two", 1, None, silent).report
    drawn = len(renderer.rendered)
    version = studio.themes.get_version("two", 1)
    assert studio.evaluations.load_images(version, report).report.comparisons == report.comparisons
    for file in studio.evaluations.costs.album.directory.iterdir():
        file.unlink()
    with pytest.raises(NotFoundError, match="are not here any more: draw it again"):
        studio.evaluations.load_images(version, report)
    assert len(renderer.rendered) == drawn
