"""One script and one stylesheet for each page, made of the files of `studio/web` when a page is opened.

There is no build step: a file that was edited is read again at the next page. The name of a script or a stylesheet
has the hash of its content, so that browsers keep it for ever. A dynamic import loads a script of its own, once
the page needs it.
"""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from studio.server.es_modules import Module, in_order, join_modules, parse_module, source_map

_PACKAGE = Path(__file__).parents[1]


class PageFiles(NamedTuple):
    """What a page is made of: entry modules, by their paths below `studio/web`, and the paths of styles below
    `studio`. Both are in the order in which the page needs them."""

    scripts: Sequence[str]
    styles: Sequence[str]


class PageAssets(NamedTuple):
    """The names of a page's script and stylesheet below `bundles/`."""

    script: str
    stylesheet: str


class Bundle(NamedTuple):
    """A file for the browser."""

    name: str
    media_type: str
    body: bytes
    gzipped: bytes
    modules: Sequence[Module] = ()


class _Page(NamedTuple):
    """A page's bundles by name, and the modification times of the files that they were made of."""

    assets: PageAssets
    bundles: Mapping[str, Bundle]
    times: Mapping[Path, int]


class Bundles:
    """The bundles of the pages. Thread-safe: a page that two threads make at once is made twice."""

    def __init__(self, pages: Mapping[str, PageFiles]) -> None:
        """`pages` has what each page is made of, by the page's name."""
        self._files = pages
        self._pages: dict[str, _Page] = {}

    def assets(self, page: str) -> PageAssets:
        """The page's script and stylesheet, of the files as they are now.

        Raises:
            KeyError: no such page.
            OSError: a file is missing.
            ModuleSyntaxError: a module has an import or export that the bundler does not read.
        """
        return self._current(page).assets

    def find(self, name: str) -> Bundle | None:
        """The bundle of that name; where its content has changed since, the one of that page and kind as it is now."""
        page = name.partition(".")[0]
        if page not in self._files:
            return None
        bundles = self._current(page).bundles
        stem, suffix = _stem(name), Path(name).suffix
        same = (bundle for bundle in bundles.values() if _stem(bundle.name) == stem)
        return bundles.get(name) or next(
            (bundle for bundle in same if bundle.name.endswith(suffix)), None
        )

    def source_map(self, name: str) -> str | None:
        """The source map of a script, as JSON; None where there is no such script."""
        bundle = self.find(name)
        return json.dumps(source_map(bundle.modules, "../")) if bundle and bundle.modules else None

    def _current(self, page: str) -> _Page:
        built = self._pages.get(page)
        if built is None or any(_time(path) != time for path, time in built.times.items()):
            built = self._pages[page] = _build(page, self._files[page])
        return built


def _stem(name: str) -> str:
    """The part of a bundle's name before the hash."""
    return name.rpartition(".")[0].rpartition(".")[0]


def _time(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


class _Reader:
    """Reads files below `studio`, and notes which."""

    def __init__(self) -> None:
        self.times: dict[Path, int] = {}

    def text(self, path: str) -> str:
        file = _PACKAGE / path
        self.times[file] = _time(file)
        return file.read_text()

    def module(self, path: str) -> Module:
        return parse_module(path, self.text(f"web/{path}"))


def _build(page: str, files: PageFiles) -> _Page:
    reader = _Reader()
    styles = "".join(reader.text(path) for path in files.styles)
    stylesheet = _bundle(page, "css", "text/css", styles)
    main = in_order(files.scripts, reader.module)
    scripts = _scripts(page, main, (), reader)
    bundles = [*scripts, stylesheet]
    assets = PageAssets(scripts[-1].name, stylesheet.name)
    return _Page(assets, {bundle.name: bundle for bundle in bundles}, reader.times)


def _scripts(
    name: str, modules: Sequence[Module], loaded: Iterable[str], reader: _Reader
) -> list[Bundle]:
    """The script of `modules`, last, after the scripts that its dynamic imports load.

    A module that two of those need is in both: the one that comes first runs it.
    """
    there = {*loaded, *(module.path for module in modules)}
    dynamic = {path for module in modules for path in module.later} - there
    bundles: list[Bundle] = []
    later: dict[str, str] = {}
    for path in sorted(dynamic):
        part = f"{name}.{path.removesuffix('.js').replace('/', '-')}"
        bundles += _scripts(part, in_order([path], reader.module, there), there, reader)
        later[path] = f"./{bundles[-1].name}"
    script = join_modules(modules, later)
    return [*bundles, _bundle(name, "js", "text/javascript", script, modules)]


def _bundle(
    name: str, suffix: str, media_type: str, text: str, modules: Sequence[Module] = ()
) -> Bundle:
    digest = sha256(text.encode()).hexdigest()[:12]
    full = f"{name}.{digest}.{suffix}"
    if suffix == "js":
        text += f"//# sourceMappingURL={full}.map\n"
    body = text.encode()
    return Bundle(full, media_type, body, gzip.compress(body, 9, mtime=0), modules)
