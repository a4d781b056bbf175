"""Which files of Gradio's front end the page needs, so that it can name them in its head.

Gradio's scripts load one another step by step, and a style sheet for each component: more than fifty requests, in a
row of five. Here they are read out of its build (Vite's): scripts to be preloaded, and style sheets that are put into
the page's own. Where the build looks different, none are found, and Gradio loads them by itself.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import gradio as gr

ASSETS = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
_TABLE = re.compile(r"m\.f=(\[[^\]]*\])")
_IMPORTS = re.compile(r"(?:from|import)\s*[`\"']\./([\w.-]+\.js)[`\"']")
_COMPONENT = (
    r"[{{,]{kind}:\{{[^{{}}]*?\bcomponent:\(\)=>\w+\(\(\)=>import\(`\./([\w.-]+)`\)"
    r"(?:\.then\([^()]*\))?(?:,__vite__mapDeps\(\[([\d,]*)\]\))?"
)


class GradioAssets(NamedTuple):
    """File names in ASSETS."""

    scripts: Sequence[str]
    stylesheets: Sequence[str]


@cache
def gradio_assets(kinds: tuple[str, ...]) -> GradioAssets:
    """What Gradio loads for components of these kinds (`html`, `button`), besides what its `index.html` names."""
    scripts: set[str] = set()
    styles: dict[str, None] = {}
    for entry in ASSETS.glob("index-*.js"):
        for name in _table(entry.read_text()):
            if name.endswith(".css"):
                styles[name] = None
            else:
                _add_imports(name, scripts)
    for core in ASSETS.glob("core-*.js"):
        text = core.read_text()
        table = _table(text)
        for kind in kinds:
            found = re.search(_COMPONENT.format(kind=re.escape(kind)), text)
            if not found:
                continue
            _add_imports(found[1], scripts)
            needed = [table[int(index)] for index in (found[2] or "").split(",") if index]
            styles.update(dict.fromkeys(name for name in needed if name.endswith(".css")))
    named = (ASSETS.parent / "index.html").read_text()
    return GradioAssets(
        [name for name in sorted(scripts) if name not in named],
        [name for name in styles if name not in named],
    )


def _table(text: str) -> list[str]:
    """The files that a script may load, as Vite's preload function has them."""
    found = _TABLE.search(text)
    return [name.removeprefix("./") for name in json.loads(found[1])] if found else []


def _add_imports(name: str, scripts: set[str]) -> None:
    if name in scripts or not (ASSETS / name).exists():
        return
    scripts.add(name)
    for target in _IMPORTS.findall((ASSETS / name).read_text()):
        _add_imports(target, scripts)
