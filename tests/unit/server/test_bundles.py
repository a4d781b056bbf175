"""What pages are given: bundles of the files as they are now, which load the rest later."""

import os
from pathlib import Path

import pytest

from studio.server import bundles
from studio.server.bundles import Bundles, PageFiles
from studio.server.page_files import PAGE_FILES
from studio.ui.mounting import STUDIO_BUNDLE, studio_files

TEMPLATES = Path(bundles.__file__).parent / "templates"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of one page, whose dialog is loaded when it is opened."""
    monkeypatch.setattr(bundles, "_PACKAGE", tmp_path)
    write(
        tmp_path / "web/page.js",
        "import { find } from './lib.js';\nimport('./dialog.js');\nfind();\n",
    )
    write(
        tmp_path / "web/dialog.js",
        "import { find } from './lib.js';\nimport { draw } from './draw.js';\n",
    )
    write(tmp_path / "web/lib.js", "export function find() {}\n")
    write(tmp_path / "web/draw.js", "export function draw() {}\n")
    write(tmp_path / "one.css", "a { color: red; }\n")
    write(tmp_path / "two.css", "b { color: red; }\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def made(package: Path) -> Bundles:
    return Bundles({"page": PageFiles(["page.js"], ["one.css", str(package / "two.css")])})


def text(of: Bundles, name: str) -> str:
    found = of.find(name)
    assert found is not None
    return found.body.decode()


def test_a_dynamic_import_loads_a_script_of_what_the_page_lacks(package: Path) -> None:
    of = made(package)
    script, stylesheet = of.assets("page")
    assert text(of, stylesheet) == "a { color: red; }\nb { color: red; }\n"
    main = text(of, script)
    assert "'lib.js'" in main
    assert "'draw.js'] ??=" not in main
    dialog = main.partition("'dialog.js': './")[2].partition("'")[0]
    rest = text(of, dialog)
    assert "'draw.js'] ??=" in rest
    assert "'lib.js'] ??=" not in rest


def test_names_change_with_the_content_of_any_of_the_files(package: Path) -> None:
    of = made(package)
    before = of.assets("page")
    assert of.assets("page") == before
    draw = package / "web/draw.js"
    later = draw.stat().st_mtime_ns + 1_000_000
    draw.write_text("export function draw() { return 1; }\n")
    os.utime(draw, ns=(later, later))
    after = of.assets("page")
    assert after.script != before.script  # It names the dialog's script, which is another one now.
    assert after.stylesheet == before.stylesheet
    found = of.find(before.script)
    assert found is not None
    assert found.name == after.script


def test_the_files_of_every_page_are_read() -> None:
    pages = {**PAGE_FILES, STUDIO_BUNDLE: studio_files()}
    of = Bundles(pages)
    for page in pages:
        script, stylesheet = of.assets(page)
        assert script.startswith(f"{page}.")
        assert stylesheet.startswith(f"{page}.")


def test_every_template_of_a_page_has_files() -> None:
    pages = {path.stem for path in TEMPLATES.glob("*.html") if "base.html" in path.read_text()}
    assert pages - {"base"} <= set(PAGE_FILES)


def test_templates_name_no_styles_and_scripts_of_their_own() -> None:
    """`PAGE_FILES` has them: what a template adds would be another request, or be dropped with its block."""
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        count = 1 if path.stem in ("base", "play") else 0
        assert text.count('rel="stylesheet"') == text.count('type="module"') == count, path.name
        assert "block scripts" not in text, path.name
