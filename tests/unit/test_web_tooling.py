"""What the checks of the browser's scripts cover. Issue 19, 5."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNCHECKED = 29
"""Page scripts that biome and tsc do not check yet. A new script belongs into studio/web; one that
moves there takes this number, and that in biome.jsonc, down."""


def test_the_scripts_that_are_not_checked_become_fewer() -> None:
    folders = [ROOT / "studio" / "ui" / "static", ROOT / "studio" / "api" / "static"]
    scripts = [script for folder in folders for script in folder.glob("*.js")]
    assert len(scripts) <= UNCHECKED
    assert f"(at most {UNCHECKED} files)" in (ROOT / "biome.jsonc").read_text()


def test_no_type_is_switched_off() -> None:
    for folder in ("studio/web", "tests/web"):
        for script in (ROOT / folder).rglob("*.js"):
            text = script.read_text()
            for word in ("@ts-nocheck", "@ts-ignore", "{any}", "<any>", " any>", "biome-ignore"):
                assert word not in text, (script.name, word)


def test_versions_are_exact_and_the_lock_names_no_registry() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for name, version in package["devDependencies"].items():
        assert version[0].isdigit(), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert [
        name for name, entry in lock["packages"].items() if name and "integrity" not in entry
    ] == []
