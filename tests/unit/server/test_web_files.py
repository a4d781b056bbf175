"""The browser's modules are served as they are, to whoever may see the sign-in page. Issue 19, 5."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from studio.server.web_files import WEB, WEB_PREFIX, WebFiles
from studio.ui.mounting import HEAD

SCRIPT = re.compile(r"/web/([\w/-]+\.js)")
MODULES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js"))


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.mount(WEB_PREFIX.rstrip("/"), WebFiles())
    return TestClient(app)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_asked_for_again_each_time(client: TestClient, name: str) -> None:
    answer = client.get(WEB_PREFIX + name)
    # Gradio changes the process's table of types: browsers take either name.
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in ("text/javascript", "application/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get(WEB_PREFIX + name, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["cache-control"] == "no-cache"


def test_the_scripts_that_pages_name_are_there() -> None:
    sources = [*(WEB.parent).rglob("*.py"), *(WEB.parent).rglob("*.html")]
    named = {name for path in sources for name in SCRIPT.findall(path.read_text("utf-8"))}
    assert len(named) > 5
    assert sorted({*named, *HEAD} - {*MODULES}) == []


def test_each_plain_page_has_its_script() -> None:
    pages = {path.stem for path in (WEB.parent / "ui" / "templates").glob("*.html")}
    scripts = {f"pages/{name}.js" for name in pages - {"base", "languages", "sign-in"}}
    assert scripts <= {*MODULES}


def test_nothing_beside_the_folder_is_served(client: TestClient) -> None:
    assert (WEB.parent / "settings.py").is_file()
    for address in ("../settings.py", "%2e%2e/settings.py", "canvas/../../settings.py", ""):
        assert client.get(WEB_PREFIX + address).status_code == 404


def test_modules_import_modules_that_are_there() -> None:
    """A browser resolves them as they are written: relative, with their suffix."""
    for name in MODULES:
        path = WEB / name
        for line in path.read_text().splitlines():
            if line.startswith(("import ", "} from ")) and " from " in line:
                target = line.split(" from ")[1].strip("';")
                assert target.startswith("."), (name, target)
                assert Path(path.parent / target).is_file(), (name, target)
