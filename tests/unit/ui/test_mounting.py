"""The studio's page in the reader's language: one app for each, over the same studio. Issue 19, 1."""

import re
from typing import Any

import gradio as gr
import pytest
from fastapi.testclient import TestClient

from studio import locales
from studio.app import AppContainer
from studio.locales import LANGUAGES, templates
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.ui.mounting import PREFIXES
from studio.ui.page import StudioPage
from studio.ui.server import build_app
from studio.ui.texts import Texts

CHINESE = {"accept-language": "zh-CN,zh;q=0.9"}
SHOWN = ("label", "placeholder", "info", "title")
NAMES = re.compile(r"[A-D]|Latent|Lanczos|.+ · .+ MB · \w+|[\W\d]*")
"""What stands in every language as it is, beside names of themes, models and base images."""
LEFT_OUT = re.compile(
    r"<(style|kbd|output)>.*?</\1>|<a [^>]*translate=\"no\">.*?</a>|\{\{.*?\}\}|\$\{.*?\}"
)


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def labels(client: TestClient, prefix: str) -> set[str]:
    config = client.get(f"{prefix}/config").json()
    return {str(each["props"].get("label")) for each in config["components"]}


def test_the_page_is_opened_in_the_readers_language(client: TestClient) -> None:
    english, chinese = client.get("/").text, client.get("/", headers=CHINESE).text
    assert "Save version" in english
    assert "保存版本" not in english
    assert "保存版本" in chinese
    assert "Save version" not in chinese
    chosen = {"cookie": "studio_language=en"}
    assert "Save version" in client.get("/", headers=CHINESE | chosen).text


def test_an_open_page_goes_on_in_its_language(client: TestClient) -> None:
    """Whatever language another tab chooses: a page talks to the app below its own prefix."""
    found = re.search(r'"root":\s*"([^"]*)"', client.get("/", headers=CHINESE).text)
    assert found is not None
    assert found[1].endswith("/zh-CN")
    assert client.get("/config", headers=CHINESE).json()["root"] == "http://127.0.0.1:7860"
    assert "Prompt" in labels(client, "")
    assert "提示词" in labels(client, "/zh-CN")


@pytest.mark.parametrize("prefix", PREFIXES.values())
def test_what_guards_gradio_guards_it_in_each_language(client: TestClient, prefix: str) -> None:
    assert client.get(f"{prefix}/gradio_api/openapi.json").status_code == 404
    assert client.post(f"{prefix}/gradio_api/upload", content=iter([b"x"])).status_code == 411
    assert client.get(f"{prefix}/gradio_api/file=/etc/passwd").status_code == 403


def test_a_language_is_chosen_by_address(client: TestClient) -> None:
    assert "提示词" in client.get("/?lang=zh-CN").text
    assert "提示词" in client.get("/").text
    assert "提示词" not in client.get("/?lang=en").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_the_page_is_hard_wired(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """A pseudo-locale: every text is marked; what is shown without the mark came from elsewhere."""
    marked = {name: f"⟦{text}⟧" for name, text in templates(language).items()}
    monkeypatch.setattr(locales, "templates", lambda _: marked)
    own = {
        *SAMPLERS,
        *SCHEDULE_TYPES,
        *(each.name for each in studio.stores.base_images.list_all()),
    }
    own |= {each.name for each in studio.stores.themes.list_summaries()}
    own |= {name for kind in ("checkpoint", "controlnet", "lora") for name in studio.models.catalog.list_names(kind)}  # fmt: skip
    blocks = StudioPage(studio, Texts(language)).blocks
    shown = {text for block in blocks.blocks.values() for text in _texts(block.get_config(), block)}
    left = {text for text in shown if text not in own and not NAMES.fullmatch(text)}
    assert {text for text in left if "⟦" not in text} == set()


def _texts(config: dict[str, Any], block: Any) -> list[str]:
    """What a component shows of its own: not what is typed into it."""
    props = config.get("props") or {}  # Of components of our own.
    found = [part.get(name) for part in (config, props) for name in SHOWN]
    found += [name for name, _ in config.get("choices") or []]
    found += [each["name"] for name in ("tiles", "palette") for each in props.get(name, [])]
    found += props.get("messages", {}).values()
    if isinstance(block, gr.Button | gr.UploadButton):
        found.append(config.get("value"))
    if isinstance(block, gr.HTML):
        for given in (config.get("value"), config.get("html_template")):
            markup = LEFT_OUT.sub("", str(given or ""))
            found += re.findall(r'(?:title|alt|aria-label)="([^"]+)"', markup)
            found += [each.strip() for each in re.findall(r">([^<]+)<", markup)]
    return [str(each) for each in found if each]
