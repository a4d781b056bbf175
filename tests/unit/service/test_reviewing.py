"""Robustness packs and regression sheets: drawn once, judged, kept beside the version."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from studio.bootstrap import Studio, open_studio
from studio.errors import Cancelled, EngineError, NotFound
from studio.imaging.nasty import NASTY
from studio.recipes.deployment import Order
from studio.recipes.preset import LETTERS
from studio.service.fake import FakeRenderer
from studio.service.regression import SEEDS
from studio.service.sheet_files import sheet_html, sheet_png
from studio.settings import Settings

DRAWN = ("star-dress", "striped-set")


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer(steps=1)


@pytest.fixture
def studio(home: Path, renderer: FakeRenderer) -> Studio:
    """With a theme `two` of two base images."""
    opened = open_studio(Settings(home=home), lambda: renderer)
    preset = opened.presets.version("first-light").preset
    opened.presets.save(preset.model_copy(update={"slug": "two", "base_images": ("mia", "ruby")}))
    return opened


def save(studio: Studio, prompt: str) -> int:
    preset = studio.presets.version("two").preset
    return studio.presets.save(preset.model_copy(update={"prompt": prompt})).number


def test_a_page_that_swallows_the_figure_is_told_from_one_that_keeps_it(studio: Studio) -> None:
    """The stand-in renderer gives the doodle over the base back: what covers it is lost."""
    found = studio.reviewing.test_robustness("two", 1, silent)
    assert len(found.cells) == 2 * len(NASTY) * len(LETTERS)
    assert {cell.base_image for cell in found.cells} == {"mia", "ruby"}
    lost = {"all-black", "all-white", "neon-noise"}
    assert {cell.doodle for cell in found.lost} == lost
    assert found.share == pytest.approx(1 - len(lost) / len(NASTY))
    assert not found.passed
    assert studio.reviewing.robustness("two", 1) == found


def test_a_recipe_that_fails_counts_as_lost_and_says_why(
    studio: Studio, renderer: FakeRenderer
) -> None:
    renderer._errors["C"] = EngineError("recipe C: out of memory")
    found = studio.reviewing.test_robustness("two", None, silent)
    failed = [cell for cell in found.cells if cell.letter == "C"]
    assert all(str(cell.why) == "recipe C: out of memory" and cell.score is None for cell in failed)
    assert not any(cell.kept for cell in failed)


def test_what_was_drawn_is_not_drawn_again(studio: Studio, renderer: FakeRenderer) -> None:
    def stop_at(done: int, total: int) -> None:
        if done == 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        studio.reviewing.test_robustness("two", 1, stop_at)
    assert len(renderer.rendered) == 5
    assert studio.reviewing.robustness("two", 1) is None
    studio.reviewing.test_robustness("two", 1, silent)
    assert len(renderer.rendered) == 2 * len(NASTY) * len(LETTERS)


def test_a_sheet_is_compared_with_what_is_served(studio: Studio) -> None:
    second, third = save(studio, "bold"), save(studio, "pale")
    studio.deploying.deployments.add(Order(slug="two", number=second))
    drawn = studio.reviewing.draw_sheet("two", third, None, silent)
    assert drawn.report.against == second
    assert {(c.doodle, c.seed, c.letter) for c in drawn.report.cells} == {
        (doodle, seed, letter) for doodle in DRAWN for seed in SEEDS for letter in LETTERS
    }
    assert drawn.report.difference == 0
    assert all(cell.places == () for cell in drawn.report.cells)
    assert studio.reviewing.regression("two", third) == drawn.report


def test_without_a_deployment_the_version_before_is_compared_with(studio: Studio) -> None:
    assert studio.reviewing.draw_sheet("two", 1, None, silent).report.against is None
    second = save(studio, "bold")
    assert studio.reviewing.draw_sheet("two", second, None, silent).report.against == 1
    assert studio.reviewing.draw_sheet("two", 1, second, silent).report.against == second


def test_what_changed_is_measured_and_its_places_are_told(
    studio: Studio, renderer: FakeRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = save(studio, "bold")
    plain = renderer._render

    def patched(job: object, base: object, doodle: object, watch: object) -> object:
        rendered = plain(job, base, doodle, watch)  # type: ignore[arg-type]
        if "bold" in job.prompt:  # type: ignore[attr-defined]
            picture = rendered.picture.copy()
            picture.paste((0, 160, 0), (192, 0, 224, 32))
            return replace(rendered, picture=picture)
        return rendered

    monkeypatch.setattr(renderer, "_render", patched)
    report = studio.reviewing.draw_sheet("two", second, 1, silent).report
    assert report.difference is not None
    assert 0 < report.difference < 5
    for cell in report.cells:
        [place] = cell.places
        assert (place.x, place.y) == (0.75, 0.0)


def test_a_sheet_says_how_like_the_doodle_and_how_diverse_the_pictures_are(studio: Studio) -> None:
    """The stand-in draws the doodle itself four times: perfectly like it, not diverse at all."""
    looks = studio.reviewing.draw_sheet("two", 1, None, silent).report.looks
    assert looks.likeness == pytest.approx(0, abs=0.2)
    assert (looks.diversity, looks.of_seeds) == (0, 0)


def test_a_sheet_is_written_as_one_picture_and_one_page(studio: Studio) -> None:
    second = save(studio, "<b>bold</b>")
    version = studio.presets.version("two", second)
    drawn = studio.reviewing.draw_sheet("two", second, None, silent)
    picture = Image.open(io.BytesIO(sheet_png(drawn, version)))
    assert picture.width > 9 * 256
    assert picture.height > len(DRAWN) * len(SEEDS) * 256
    page = sheet_html(drawn, version)
    assert page.count("<img") == len(drawn.report.cells) * 3
    assert "compared with version 1" in page
    assert "http" not in page


def test_who_has_seen_a_sheet_is_kept_with_it(studio: Studio) -> None:
    with pytest.raises(NotFound, match="no regression sheet: draw it with `studio presets sheet"):
        studio.reviewing.mark_seen("two", 1, "ada")
    studio.reviewing.draw_sheet("two", 1, None, silent, seen_by="ada")
    report = studio.reviewing.regression("two", 1)
    assert report is not None
    assert report.seen_by == ("ada",)


def test_a_preset_whose_bases_no_test_doodle_fits_says_so(studio: Studio) -> None:
    preset = studio.presets.version("two").preset
    studio.presets.save(preset.model_copy(update={"slug": "lone", "base_images": ("noah",)}))
    with pytest.raises(NotFound, match="no test doodle was drawn on a base image of this preset"):
        studio.reviewing.draw_sheet("lone", 1, None, silent)


def test_looking_at_a_sheet_draws_nothing(studio: Studio, renderer: FakeRenderer) -> None:
    """Issue 18, 14 (security review 1.12): what only reads changes nothing."""
    report = studio.reviewing.draw_sheet("two", 1, None, silent).report
    drawn = len(renderer.rendered)
    version = studio.presets.version("two", 1)
    assert studio.reviewing.drawn(version, report).report.cells == report.cells
    for file in studio.reviewing.costs.album.folder.iterdir():
        file.unlink()
    with pytest.raises(NotFound, match="are not here any more: draw it again"):
        studio.reviewing.drawn(version, report)
    assert len(renderer.rendered) == drawn
