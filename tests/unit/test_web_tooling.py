"""What the checks of the browser's scripts cover. Issue 19, 5."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_OURS = "swagger-ui"


def test_every_script_is_where_biome_and_tsc_check_it() -> None:
    web = ROOT / "studio" / "web"
    scripts = [path for path in (ROOT / "studio").rglob("*.js") if NOT_OURS not in path.parts]
    assert len(scripts) > 40
    assert [script for script in scripts if not script.is_relative_to(web)] == []
    assert "studio/web/**" in (ROOT / "biome.jsonc").read_text()
    assert "studio/web/**/*.js" in (ROOT / "tsconfig.json").read_text()


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
