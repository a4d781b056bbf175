"""Issue 18, 16: Gradio drops what it keeps of a page an hour after its connection broke, such as while a
laptop sleeps, and at a restart. The page then still saves the theme that it shows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from studio.app import AppContainer
from studio.ui.blocks import CLOSED_SESSION_TTL, SlimStateHolder
from studio.ui.server import build_app
from tests.unit.server.paging import Browser


@pytest.fixture
def other(studio: AppContainer) -> AppContainer:
    """With a theme whose safety policy, which the page does not show, is its own."""
    preset = studio.stores.themes.get_version("picnic").preset
    safety = preset.safety.model_copy(update={"check_prompts": not preset.safety.check_prompts})
    changes = {"slug": "spring", "name": "Spring", "safety": safety}
    studio.stores.themes.save(preset.model_copy(update=changes), author="ada")
    later = preset.model_copy(update={"theme_prompt": f"{preset.theme_prompt}, sunny"})
    studio.stores.themes.save(later, author="ada", expected_version=1)
    assert studio.stores.themes.latest_saved().preset.slug == "picnic"  # The one that opens first.
    return studio


@pytest.mark.parametrize("forgets", ["an hour later", "restarted"])
def test_a_page_that_was_forgotten_saves_the_theme_that_it_shows(
    other: AppContainer, forgets: str
) -> None:
    app: Any = build_app(other)
    page = Browser(app)
    page.happens("load")
    page.types("theme", "spring")
    page.happens("input", "theme")
    assert (page.shows("theme"), page.shows("theme-name")) == ("spring", "Spring")
    page.shows("inspector")["preset"]["theme_prompt"] = "{words}, in spring"

    if forgets == "restarted":
        page.meets(build_app(other))
    else:
        states = app.routes[-1].app.build("en").app.state_holder
        assert isinstance(states, SlimStateHolder)
        for session in states.session_data.values():
            session.is_closed = True
        for each in states.time_last_used:
            states.time_last_used[each] = datetime.now() - CLOSED_SESSION_TTL - timedelta(seconds=1)
        states.delete_all_expired_state()
        assert not states.session_data

    picnic = other.stores.themes.get_version("picnic")
    page.happens("click", "save")
    saved = other.stores.themes.get_version("spring")
    assert "Saved Spring as version 2" in page.shows("notice")
    assert (saved.version, saved.preset.theme_prompt) == (2, "{words}, in spring")
    assert saved.preset.safety == other.stores.themes.get_version("spring", 1).preset.safety
    assert other.stores.themes.get_version("picnic") == picnic
    page.happens("click", "discard")
    assert page.shows("theme-name") == "Spring"
