"""The browser's modules are served as they are, to whoever may see the sign-in page. Issue 19, 5."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from studio.server.web_files import WEB, WEB_PREFIX, WebFiles
from studio.ui.mounting import MODULES as PAGE_MODULES

MODULES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js"))


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.mount(WEB_PREFIX.rstrip("/"), WebFiles())
    return TestClient(app)


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_revalidated(client: TestClient, name: str) -> None:
    answer = client.get(WEB_PREFIX + name)
    # Gradio changes the process's table of types: browsers take either name.
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in ("text/javascript", "application/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    repeated = client.get(WEB_PREFIX + name, headers={"if-none-match": answer.headers["etag"]})
    assert repeated.status_code == 304
    assert repeated.headers["cache-control"] == "no-cache"


def test_scripts_of_the_studio_page_exist() -> None:
    assert [name for name in PAGE_MODULES if name not in MODULES] == []


def test_files_outside_the_directory_are_not_served(client: TestClient) -> None:
    assert (WEB.parent / "settings.py").is_file()
    for url in ("../settings.py", "%2e%2e/settings.py", "canvas/../../settings.py", ""):
        assert client.get(WEB_PREFIX + url).status_code == 404


def test_module_imports_exist() -> None:
    """A browser resolves them as they are written: relative, with their suffix."""
    for name in MODULES:
        path = WEB / name
        for line in path.read_text().splitlines():
            if line.startswith(("import ", "} from ")) and " from " in line:
                target = line.split(" from ")[1].strip("';")
                assert target.startswith("."), (name, target)
                assert Path(path.parent / target).is_file(), (name, target)
