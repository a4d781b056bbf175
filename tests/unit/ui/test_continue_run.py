"""Continuing from a stored run on the studio page."""

from typing import Any

import pytest

from studio.app import AppContainer
from studio.recipes.themes.preset import Preset
from studio.ui.page import StudioPage
from studio.ui.texts import Texts
from tests import examples

DOODLE = examples.doodle()


@pytest.fixture
def page(studio: AppContainer) -> StudioPage:
    return StudioPage(studio, Texts())


def values(page: StudioPage, run_id: str) -> dict[Any, Any]:
    """What the page sends, with nothing edited."""
    theme = page.theme
    document = theme.initial.preset.model_dump(mode="json")
    return {
        theme.loaded: theme.initial,
        theme.name: theme.initial.preset.name,
        theme.inspector: theme.inspector.preprocess({"preset": document, "slot": "A"}),
        page.continue_run.run_id: run_id,
    }


def store_run(page: StudioPage, slug: str, **changes: Any) -> str:
    recipe = page.theme.initial.preset.recipes.A.model_copy(update={"steps": 23})
    made = {"user_prompt": "a gold dress", "theme_prompt": "ink", "seed": 77}
    variant = examples.variant(theme_slug=slug, slot="B", recipe=recipe, **made | changes)
    page.studio.stores.variants.add(variant, examples.png(), DOODLE.png_bytes)
    return variant.request_id


def test_recipes_prompt_seed_and_doodle_come_back(page: StudioPage) -> None:
    loaded = page.theme.initial
    run_id = store_run(page, loaded.preset.slug, doodle_sha256=DOODLE.sha256)
    updates = page.continue_run._continue(values(page, run_id))
    preset: Preset = updates[page.theme.inspector]
    assert [preset.recipes.B.steps, preset.recipes.A] == [23, loaded.preset.recipes.A]
    assert preset.theme_prompt == "ink"
    assert (updates[page.run.prompt], updates[page.run.seed]) == ("a gold dress", 77)
    assert updates[page.drawing.canvas]["value"] == DOODLE.png_bytes
    assert page.theme.loaded not in updates  # What is unsaved counts from the same version.


def test_another_theme_is_opened(page: StudioPage) -> None:
    other = next(
        theme.slug
        for theme in page.studio.stores.themes.list_summaries()
        if theme.slug != page.theme.initial.preset.slug
    )
    updates = page.continue_run._continue(values(page, store_run(page, other)))
    assert updates[page.theme.loaded].preset.slug == other
    assert updates[page.theme.inspector]["value"].recipes.B.steps == 23


def test_what_is_no_longer_there_is_named(page: StudioPage) -> None:
    updates = page.continue_run._continue(values(page, "0" * 32))
    assert "no longer in the history" in updates[page.run.notice]
    slug = page.theme.initial.preset.slug
    run_id = store_run(page, slug, doodle_sha256="0" * 64)
    updates = page.continue_run._continue(values(page, run_id))
    assert "doodle" in updates[page.run.notice]
    assert page.drawing.canvas not in updates
