"""The browser's modules are served as they are, to whoever may see the sign-in page. Issue 19, 5."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from studio.server.bundles import Bundles
from studio.server.page_files import PAGE_FILES
from studio.server.problems import add_error_handlers
from studio.server.web_files import BUNDLES_PREFIX, WEB, WEB_PREFIX, WebFiles
from studio.ui.mounting import MODULES as PAGE_MODULES

MODULES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js"))
BUNDLES = Bundles(PAGE_FILES)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    add_error_handlers(app)
    app.mount(WEB_PREFIX.rstrip("/"), WebFiles(BUNDLES))
    return TestClient(app)


def test_files_are_revalidated(client: TestClient) -> None:
    for name in ("lib/dom.js", "styles/tokens.css", "examples/first-light-A.webp"):
        answer = client.get(WEB_PREFIX + name)
        assert answer.headers["cache-control"] == "no-cache"
        repeated = client.get(WEB_PREFIX + name, headers={"if-none-match": answer.headers["etag"]})
        assert repeated.status_code == 304
        assert repeated.headers["cache-control"] == "no-cache"


def test_bundles_are_stored_for_ever_and_compressed(client: TestClient) -> None:
    for name in BUNDLES.assets("history"):
        packed = client.get(BUNDLES_PREFIX + name, headers={"accept-encoding": "gzip, br"})
        assert packed.headers["cache-control"] == "max-age=31536000, immutable"
        assert packed.headers["content-encoding"] == "gzip"
        plain = client.get(BUNDLES_PREFIX + name, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == packed.text
        kind = "css" if name.endswith("css") else "javascript"
        assert plain.headers["content-type"].startswith(f"text/{kind}")


def test_a_page_of_before_an_upgrade_gets_what_there_is_now(client: TestClient) -> None:
    name = BUNDLES.assets("history").script
    answer = client.get(f"{BUNDLES_PREFIX}history.0123456789ab.js")
    assert answer.text == client.get(BUNDLES_PREFIX + name).text
    assert answer.headers["cache-control"] == "no-cache"


def test_source_maps_lead_to_the_modules(client: TestClient) -> None:
    script = BUNDLES_PREFIX + BUNDLES.assets("history").script
    lines = client.get(script).text.splitlines()
    assert lines[-1] == f"//# sourceMappingURL={Path(script).name}.map"
    for section in client.get(f"{script}.map").json()["sections"]:
        [source] = section["map"]["sources"]
        module = client.get(f"/web/bundles/{source}").text.splitlines()
        start = section["offset"]["line"]
        count = section["map"]["mappings"].count(";") + 1
        assert count == len(module)
        indented = [
            number
            for number, line in enumerate(module)
            if line.startswith("  ")
            and "/**" not in line
            and line.lstrip()[:1] != "*"
            and "import(" not in line
        ]
        assert [lines[start + i] for i in indented] == [module[i] for i in indented]


@pytest.mark.parametrize(
    "name", ["nothing.0.js", "history.css", "history.0.png", "history.0.css.map", "x.map"]
)
def test_unknown_bundles_are_not_found(client: TestClient, name: str) -> None:
    assert client.get(BUNDLES_PREFIX + name).status_code == 404


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
