"""The shell of every page: places, former addresses, the page for unknown ones, who is signed in."""

import json
import re
import threading
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.errors import StorageUnavailableError
from studio.locales import LANGUAGES, templates
from studio.server.manifest import MANIFEST
from studio.server.places import MOVED, PLACES, PLAIN_PAGES, ROOTS, STUDIO, PlacePage
from studio.server.templating import await_script
from studio.server.web_files import WEB
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

TASKS = "/api/v1/background-tasks"
READER = {"accept": "text/html"}
CONTROLS = re.compile(r"<(?:button|input|select|textarea)\b[^>]*>")
CURRENT = re.compile(r'<a href="([^"]*)"[^>]*aria-current="(\w+)"')


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def rail(page: str) -> str:
    return page.partition('<nav class="rail"')[2].partition("</nav>")[0]


def heading(page: str) -> str:
    return page.partition("<h1>")[2].partition("</h1>")[0]


@pytest.mark.parametrize("tab", ["", "/versions", "/versions/1/review", "/releases", "/policy"])
def test_the_pages_of_a_theme_are_in_its_place_and_of_one_name(
    client: TestClient, tab: str
) -> None:
    answer = client.get(f"/themes/first-light{tab}")
    assert answer.status_code == 200
    assert CURRENT.findall(rail(answer.text)) == [("/themes", "page")]
    shown = answer.text.partition('<nav class="tabs"')[2].partition("</nav>")[0]
    current = "/review" if "review" in tab else tab
    assert CURRENT.findall(shown) == [(f"/themes/first-light{current}", "page")]
    [script] = re.findall(r'src="/web/bundles/(theme[a-z-]*)\.', answer.text)
    assert "markReady();" in (WEB / "pages" / f"{script}.js").read_text()


@pytest.mark.parametrize("address", [STUDIO, *(page.address for page in PLAIN_PAGES)])
def test_every_page_has_the_shell_and_shows_its_place(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    [place] = [each for each in PLACES if address in {page.address for page in each.pages}]
    kind = "page" if len(place.pages) == 1 else "true"
    assert CURRENT.findall(rail(answer.text)) == [(place.pages[0].address, kind)]
    [title] = [page.title for page in place.pages if page.address == address]
    assert heading(answer.text) == templates("en")[title]
    for mark in ('class="skip-link"', 'id="activity"', 'id="account-menu"', 'id="color-scheme"'):
        assert mark in answer.text, mark
    tabs = answer.text.partition('<nav class="subtabs"')[2].partition("</nav>")[0]
    assert CURRENT.findall(tabs) == ([(address, "page")] if len(place.pages) > 1 else [])


@pytest.mark.parametrize("address", [STUDIO, "/nowhere", *(page.address for page in PLAIN_PAGES)])
def test_a_page_has_one_script_of_modules_and_one_stylesheet(
    client: TestClient, address: str
) -> None:
    page = client.get(address, headers=READER).text
    [script] = re.findall(r'<script type="module" src="(/web/[^"]+)"', page)
    [stylesheet] = re.findall(r'<link rel="stylesheet" href="(/[^"]+)"', page)
    for asset in (script, stylesheet):
        answer = client.get(asset)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert "studioModules" in client.get(script).text
    assert "--brand:" in client.get(stylesheet).text


@pytest.mark.parametrize("page", PLAIN_PAGES)
def test_controls_wait_for_the_script_of_their_page(client: TestClient, page: PlacePage) -> None:
    """Issue 22, 10: Publish and "New test" took presses before anything listened to them."""
    content = client.get(page.address).text.partition("<main")[2].partition("</main>")[0]
    controls = CONTROLS.findall(content)
    assert [each for each in controls if " inert data-waits" not in each] == []
    assert controls or page.template == "system"
    assert "markReady();" in (WEB / "pages" / f"{page.template}.js").read_text()


def test_links_do_not_wait() -> None:
    page = '<a href="/x">x</a> <button disabled>y</button><inputs>'
    waiting = '<a href="/x">x</a> <button inert data-waits disabled>y</button><inputs>'
    assert await_script(page) == waiting


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_studio_can_be_installed(
    client: TestClient, studio: AppContainer, language: str
) -> None:
    studio.stores.users.set_password("ada", "correct horse battery")  # Nobody is signed in.
    for address in ("/sign-in", MANIFEST):
        answer = client.get(address, headers={"accept-language": language})
        assert answer.status_code == 200
    manifest = answer.json()
    assert manifest["name"] == templates(language)["page.product"]
    sizes = []
    for icon in manifest["icons"]:
        image = Image.open(BytesIO(client.get(icon["src"]).content))
        assert icon["sizes"] == f"{image.width}x{image.height}"
        sizes.append((icon["purpose"], image.width))
    assert sizes == [("any", 192), ("any", 512), ("maskable", 512)]


@pytest.mark.parametrize("address", [STUDIO, "/history"])
def test_every_page_links_the_manifest_once(client: TestClient, address: str) -> None:
    page = client.get(address).text
    assert re.findall(r'<link rel="manifest" href="([^"]*)"', page) == [MANIFEST]
    panel = re.search(
        r"--panel: light-dark\((#\w+), (#\w+)\)", (WEB / "styles/tokens.css").read_text()
    )
    assert panel is not None
    colors = re.findall(r'<meta name="theme-color" content="(#\w+)"', page)
    assert colors == list(panel.groups())


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_former_addresses_of_pages_redirect(client: TestClient, old: str, new: str) -> None:
    answer = client.get(f"{old}?contest=5&lang=en", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{new}?test=5&lang=en")
    assert client.get(old, follow_redirects=False).headers["location"] == new
    assert client.get(new).status_code == 200


@pytest.mark.parametrize(("root", "first"), ROOTS.items())
def test_a_place_without_a_page_opens_its_first(client: TestClient, root: str, first: str) -> None:
    answer = client.get(root, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, first)


@pytest.mark.parametrize("tab", ["", "/versions", "/releases", "/versions/1/review"])
def test_the_pages_of_a_theme_are_in_the_place_themes(client: TestClient, tab: str) -> None:
    page = client.get(f"/themes/first-light{tab}", headers=READER).text
    assert 'translate="no">First light</h1>' in page
    assert len(CURRENT.findall(rail(page))) == 1


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/themes/first-light/nothing",
        "/admin/x?y=<b>",
        "/themes/Not%20a%20slug",
    ],
)
def test_a_reader_of_an_unknown_address_gets_a_page(client: TestClient, address: str) -> None:
    answer = client.get(address, headers=READER)
    assert answer.status_code == 404
    assert heading(answer.text) == templates("en")["page.shell.not_found"]
    assert CURRENT.findall(rail(answer.text)) == []
    assert "<b>" not in answer.text.partition("<main")[2]
    assert "json" in client.get(address).headers["content-type"]


def test_the_api_answers_unknown_addresses_with_a_problem(client: TestClient) -> None:
    answer = client.get("/api/v1/nowhere", headers=READER)
    assert (answer.status_code, answer.json()["code"]) == (404, "request.address_not_found")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shell_is_in_the_readers_language(client: TestClient, language: str) -> None:
    for address in (STUDIO, "/history"):
        page = client.get(address, headers={"accept-language": language}).text
        assert f'<html lang="{language}"' in page
        assert templates(language)["page.shell.tests"] in rail(page)


def test_whoever_is_signed_in_is_named_and_can_sign_out(
    client: TestClient, studio: AppContainer
) -> None:
    assert "/sign-in/out" not in client.get(STUDIO).text
    studio.stores.users.set_password("ada", "correct horse battery")
    client.post("/sign-in", data={"name": "ada", "password": "correct horse battery"})
    for address in (STUDIO, "/history"):
        page = client.get(address).text
        assert "Signed in as ada" in page
        assert 'action="/sign-in/out"' in page


def run_task(client: TestClient) -> dict[str, Any]:
    [task] = client.get(TASKS).json()
    return dict(task)


def test_test_runs_are_listed_and_stopped_as_tasks(
    client: TestClient, studio: AppContainer, renderer: FakeRenderer
) -> None:
    renderer.gate = threading.Semaphore(0)
    version = studio.stores.themes.get_version("first-light")
    create = studio.rendering.request_factory.create
    request = create(version.preset, "mia", None, "", 5, version.version)
    run = studio.rendering.renders.start(request)
    task = run_task(client)
    shown = {key: task[key] for key in ("kind", "subject", "version", "page", "state", "done")}
    assert shown == {
        "kind": "run", "subject": "First light", "version": 1, "page": f"/?run={request.id}",
        "state": "running", "done": 0,
    }  # fmt: skip
    assert (task["total"], task["remaining_seconds"]) == (4, None)
    for _ in range(2):
        renderer.gate.release()
    until(lambda: run_task(client)["done"] == 1)
    assert run_task(client)["remaining_seconds"] > 0
    stop = {"name": task["name"]}
    assert client.post(f"{TASKS}/cancel", json=stop, headers={"X-Studio": "page"}).is_success
    assert run_task(client)["stopping"]
    renderer.gate.release()
    list(run.events())
    ended = run_task(client)
    assert (ended["state"], ended["stopping"], ended["done"]) == ("stopped", False, 4)


@pytest.mark.parametrize(("language", "brush"), [("en", "Brush"), ("zh-CN", "画笔")])
def test_the_studio_page_brings_what_its_canvas_needs_to_be_drawn_on(
    client: TestClient, studio: AppContainer, language: str, brush: str
) -> None:
    page = client.get("/", headers={"accept-language": language}).text
    [given] = re.findall(r'<script type="application/json" id="canvas-start">(.*?)</script>', page)
    start = json.loads(given)
    assert brush in start["texts"]["studio.canvas_brush_about"]
    assert len(start["palette"]) > 5
    bases = studio.stores.base_images.list_all()
    assert [base["id"] for base in start["bases"]] == [base.id for base in bases]
    assert start["bases"][0]["width"] == bases[0].width
    assert client.get(start["bases"][0]["src"]).headers["content-type"] == "image/png"


def test_the_studio_page_opens_while_the_store_is_away(
    client: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/")  # Gradio's page is built at the first request.

    def fail() -> None:
        raise StorageUnavailableError("store.unavailable")

    monkeypatch.setattr(studio.stores.base_images, "list_all", fail)
    assert '"bases": []' in client.get("/").text
