"""What is read out of Gradio's build. It may look different in another version, of which this tells."""

import re

from studio.app import AppContainer
from studio.ui.gradio_assets import ASSETS, gradio_assets
from studio.ui.mounting import COMPONENTS
from studio.ui.page import StudioPage
from studio.ui.texts import Texts


def test_the_components_of_the_page_are_listed(studio: AppContainer) -> None:
    config = StudioPage(studio, Texts()).blocks.get_config_file()
    assert {component["type"] for component in config["components"]} == set(COMPONENTS)


def test_what_the_components_load_is_found() -> None:
    found = gradio_assets(COMPONENTS)
    names = [*found.scripts, *found.stylesheets]
    assert len(names) == len(set(names))
    assert all((ASSETS / name).is_file() for name in names)
    without = gradio_assets(())
    assert len(found.scripts) > len(without.scripts) > 5
    assert len(found.stylesheets) > len(without.stylesheets) > 2


def test_style_sheets_name_no_other_files() -> None:
    """They are put into another style sheet, where relative addresses would lead elsewhere."""
    for name in gradio_assets(COMPONENTS).stylesheets:
        urls = re.findall(r"url\(([^)]*)\)|@import", (ASSETS / name).read_text())
        assert all(url.strip("\"'").startswith("data:") for url in urls), name


def test_an_unknown_build_has_nothing() -> None:
    assert gradio_assets(("no-such-component",)) == gradio_assets(())
