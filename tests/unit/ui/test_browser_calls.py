"""Python names functions of the browser's modules in text, which no type checker sees: each exists."""

import inspect
import re
from typing import Any

import gradio as gr
import pytest

from studio.app import AppContainer
from studio.server.web_files import WEB
from studio.ui.browser_calls import on_event, on_load
from studio.ui.mounting import MODULES
from studio.ui.page import StudioPage
from studio.ui.texts import Texts

CALL = re.compile(r"\(await studioModules\['([\w/.-]+)'\]\)\.(\w+)\(")
GRADIO_DEFAULT = inspect.signature(gr.HTML.__init__).parameters["js_on_load"].default
JSON = re.compile(r'\[\[?\{.*\}\]\]?, |"(?:[^"\\]|\\.)*", ')


def scripts(page: StudioPage) -> list[str]:
    """The JavaScript of the page's events and components."""
    config = page.blocks.get_config_file()
    events: list[Any] = [event["js"] for event in config["dependencies"]]
    components = [component["props"].get("js_on_load") for component in config["components"]]
    own = {script for script in (*events, *components) if isinstance(script, str)}
    return sorted(own - {GRADIO_DEFAULT})


@pytest.fixture
def page_scripts(studio: AppContainer) -> list[str]:
    return scripts(StudioPage(studio, Texts()))


def test_functions_that_events_call_exist(page_scripts: list[str]) -> None:
    calls = {match for script in page_scripts for match in CALL.findall(script)}
    assert len(calls) > 8
    for module, function in calls:
        assert module in MODULES
        source = (WEB / module).read_text()
        assert re.search(rf"^export (async )?function {function}\(", source, re.M), (
            module,
            function,
        )


def test_python_has_no_javascript_but_calls(page_scripts: list[str]) -> None:
    for script in page_scripts:
        assert CALL.search(script), script
        assert "\n" not in script
        assert len(JSON.sub("", script)) < 160, script


def test_constants_come_before_inputs() -> None:
    script = on_event("studio/a.js", "run", {"id": "'x'"}, 2)
    assert script == """async (...inputs) => (await studioModules['studio/a.js']).run({"id": "'x'"}, 2, ...inputs)"""  # fmt: skip


def test_component_passes_its_host() -> None:
    host = "{ element, props, trigger, watch }"
    assert (
        on_load("a.js", "mount") == f"(async () => (await studioModules['a.js']).mount({host}))();"
    )
