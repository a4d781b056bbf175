"""Puts native ES modules into one script: each becomes a function, and nothing else of them changes.

The modules of `studio/web` import one another's names by relative paths, without cycles. They export functions,
classes and constants where they are declared, or a list of names at the end. This reads that much of JavaScript
and refuses the rest.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

REGISTRY = "studioModules"
"""The global variable with the promise of each module's exports, by its path. A module runs once, whichever
script brings it first; one that fails takes only those along that import it, as ES modules do."""

_DOC_COMMENT = re.compile(r"/\*\*.*?\*/", re.S)
_IMPORT = re.compile(r"^import\s+(?:\{([^}]*)\}\s*from\s*)?'(\.[^']+)';", re.M)
_LATER = re.compile(r"(?<![#./'\w-])import\('(\.[^']+)'\)")
_DECLARED = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.M)
_LISTED = re.compile(r"(?:^|(?<=[;}]))export\s*\{([^}]*)\};?", re.M)
_UNREAD = re.compile(r"^(?:import|export)\b.*|(?<![#./'\w-])import[.(].*", re.M)
_AS = re.compile(r"\s+as\s+")


class ModuleSyntaxError(Exception):
    """A module of `studio/web` has a statement that the bundler does not read."""

    def __init__(self, path: str, statement: str) -> None:
        super().__init__(path, statement)

    def __str__(self) -> str:
        path, statement = self.args
        return f"{path}: the bundler does not read {statement}"


class Module(NamedTuple):
    """A module by its path below `studio/web`, with the paths of what it imports, at once and later.

    `exports` has the exported names, and the module's own names for them. `body` is a function's: its imports
    are awaited. It has the lines of the source.
    """

    path: str
    imports: Sequence[str]
    later: Sequence[str]
    exports: Mapping[str, str]
    body: str


def parse_module(path: str, source: str) -> Module:
    """Reads a module.

    Raises:
        ModuleSyntaxError: it has an import or export of a kind that is not read here.
    """
    imports: list[str] = []
    later: list[str] = []
    exports: dict[str, str] = {}

    def resolve(target: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))

    def import_names(found: re.Match[str]) -> str:
        imports.append(resolve(found[2]))
        names = "" if found[1] is None else f"const {{{_AS.sub(': ', found[1])}}} = "
        return f"{names}await __modules['{imports[-1]}'];"

    def import_later(found: re.Match[str]) -> str:
        later.append(resolve(found[1]))
        return f"__later('{later[-1]}')"

    def export_declared(found: re.Match[str]) -> str:
        exports[found[1]] = found[1]
        return ""

    def export_list(found: re.Match[str]) -> str:
        for pair in filter(None, map(str.strip, found[1].split(","))):
            name, *alias = _AS.split(pair)
            exports[(alias or [name])[0]] = name
        return "\n" * found[0].count("\n")

    body = _DOC_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    for pattern, replacement in (
        (_IMPORT, import_names),
        (_LATER, import_later),
        (_DECLARED, export_declared),
        (_LISTED, export_list),
    ):
        body = pattern.sub(replacement, body)
    unread = _UNREAD.search(body)
    if unread:
        raise ModuleSyntaxError(path, unread[0])
    return Module(path, imports, later, exports, body)


def in_order(
    entries: Iterable[str], read: Callable[[str], Module], without: Iterable[str] = ()
) -> list[Module]:
    """The modules that `entries` need, each after those it imports.

    Args:
        entries: paths of modules.
        read: returns a module by its path.
        without: paths of modules that are loaded already.

    Raises:
        ModuleSyntaxError: modules import one another in a cycle.
    """
    ordered: dict[str, Module] = {}
    done, open_ = set(without), set[str]()

    def visit(path: str) -> None:
        if path in done:
            return
        if path in open_:
            raise ModuleSyntaxError(path, "an import of itself by way of others")
        open_.add(path)
        module = read(path)
        for target in module.imports:
            visit(target)
        done.add(path)
        ordered[path] = module

    for entry in entries:
        visit(entry)
    return list(ordered.values())


def join_modules(modules: Sequence[Module], later: Mapping[str, str]) -> str:
    """The script of `modules`, which are in order.

    Args:
        modules: what the script has.
        later: URLs of the scripts that bring the modules of dynamic imports; a module without one is in a
            script that the page has loaded.
    """
    known = {path: later[path] for module in modules for path in module.later if path in later}
    urls = ", ".join(f"'{path}': '{url}'" for path, url in sorted(known.items()))
    head = (
        f"const __modules = (globalThis.{REGISTRY} ??= {{}}); const __urls = {{ {urls} }}; const __later = "
        "async (path) => { if (!(path in __modules)) await import(__urls[path]); return __modules[path]; };\n"
    )
    return head + "".join(map(_function, modules))


def _function(module: Module) -> str:
    body = module.body if module.body.endswith("\n") else f"{module.body}\n"
    names = ", ".join(f"{name}: {local}" for name, local in module.exports.items())
    return f"__modules['{module.path}'] ??= (async () => {{\n{body}return {{ {names} }};\n}})();\n"


def source_map(modules: Sequence[Module], prefix: str) -> dict[str, object]:
    """The source map (an index map) of `join_modules`: each line is a line of its module.

    `prefix` is the URL path of `studio/web`, with its slash.
    """
    sections: list[dict[str, object]] = []
    line = 1
    for module in modules:
        count = _function(module).count("\n")
        section = {
            "version": 3,
            "sources": [prefix + module.path],
            "names": [],
            "mappings": "AAAA" + ";AACA" * (count - 4),
        }
        sections.append({"offset": {"line": line + 1, "column": 0}, "map": section})
        line += count
    return {"version": 3, "sections": sections}
