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
    r"[{,]KIND:\{[^{}]*?\bcomponent:\(\)=>\w+\(\(\)=>import\(`\./([\w.-]+)`\)"
    r"(?:\.then\([^()]*\))?(?:,__vite__mapDeps\(\[([\d,]*)\]\))?"
)
_FRAME = re.compile(r"import\(`\./(Blocks-[\w-]+\.js)`\)[^()]*,__vite__mapDeps\(\[([\d,]*)\]\)")
"""The import of the module that lays the components out."""


class GradioAssets(NamedTuple):
    """File names in ASSETS."""

    scripts: Sequence[str]
    stylesheets: Sequence[str]


@cache
def gradio_assets(kinds: tuple[str, ...]) -> GradioAssets:
    """What Gradio loads for components of these kinds (`html`, `button`), besides what its `index.html` names."""
    found = _Found()
    for entry in ASSETS.glob("index-*.js"):
        for name in _table(entry.read_text()):
            found.add(name)
    for name in sorted(found.scripts):
        found.add_later(_FRAME, (ASSETS / name).read_text())
    for core in ASSETS.glob("core-*.js"):
        text = core.read_text()
        for kind in kinds:
            found.add_later(re.compile(_COMPONENT.replace("KIND", re.escape(kind))), text)
    index = (ASSETS.parent / "index.html").read_text()
    return GradioAssets(
        [name for name in sorted(found.scripts) if name not in index],
        [name for name in found.stylesheets if name not in index],
    )


class _Found:
    """Files that were found."""

    def __init__(self) -> None:
        self.scripts: set[str] = set()
        self.stylesheets: dict[str, None] = {}

    def add(self, name: str) -> None:
        """Adds a file; of a script also those that it imports."""
        if name.endswith(".css"):
            self.stylesheets[name] = None
        elif name not in self.scripts and (ASSETS / name).exists():
            self.scripts.add(name)
            for target in _IMPORTS.findall((ASSETS / name).read_text()):
                self.add(target)

    def add_later(self, pattern: re.Pattern[str], text: str) -> None:
        """Adds the script of a dynamic import in `text`, with the files that Vite loads along."""
        found = pattern.search(text)
        if found is None:
            return
        self.add(found[1])
        table = _table(text)
        for index in filter(None, (found[2] or "").split(",")):
            self.add(table[int(index)])


def _table(text: str) -> list[str]:
    """The files that a script may load, as Vite's preload function has them."""
    found = _TABLE.search(text)
    return [name.removeprefix("./") for name in json.loads(found[1])] if found else []
