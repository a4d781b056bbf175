"""The reader of ES modules: what it makes of them, and what it refuses."""

import pytest

from studio.server.es_modules import (
    Module,
    ModuleSyntaxError,
    in_order,
    join_modules,
    parse_module,
    source_map,
)

SOURCE = """/** @import { T } from './types.js' */
import { a, b as c } from '../lib/x.js';
import './y.js';
import {
  long,
} from '../lib/z.js';

/** @param {import('./types.js').T} it */
export async function open(it) {
  const { draw } = await import('./draw.js'); // import.meta is not here
  return draw(a, c, long, it);
}
export const LIMIT = 3;
export class View {
  #import() {}
}
function hidden() {}
export { hidden as shown };
"""


def parsed(path: str, *imports: str) -> Module:
    return parse_module(path, "".join(f"import './{name}';\n" for name in imports))


def test_imports_and_exports_are_read() -> None:
    module = parse_module("pages/it.js", SOURCE.replace(" // import.meta is not here", ""))
    assert module.imports == ["lib/x.js", "pages/y.js", "lib/z.js"]
    assert module.later == ["pages/draw.js"]
    assert module.exports == {"open": "open", "LIMIT": "LIMIT", "View": "View", "shown": "hidden"}
    lines = module.body.splitlines()
    assert len(lines) == len(SOURCE.splitlines())
    assert lines[1] == "const { a, b: c } = await __modules['lib/x.js'];"
    assert lines[2] == "await __modules['pages/y.js'];"
    assert lines[8:10] == [
        "async function open(it) {",
        "  const { draw } = await __later('pages/draw.js');",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "export default 1;", "export let count = 0;", "export * from './x.js';", "import x from './x.js';",
        "import { x } from 'package';", "const here = import.meta.url;", "await import(`./${name}.js`);",
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused(line: str) -> None:
    with pytest.raises(ModuleSyntaxError, match="the bundler does not read"):
        parse_module("a.js", f"{line}\n")


def test_modules_come_after_those_they_import() -> None:
    modules = {
        "a.js": parsed("a.js", "b.js", "c.js"),
        "b.js": parsed("b.js", "d.js"),
        "c.js": parsed("c.js", "d.js"),
        "d.js": parsed("d.js"),
    }
    paths = [module.path for module in in_order(["a.js"], modules.__getitem__)]
    assert paths == ["d.js", "b.js", "c.js", "a.js"]
    rest = in_order(["a.js"], modules.__getitem__, without=["b.js", "d.js"])
    assert [module.path for module in rest] == ["c.js", "a.js"]


def test_a_cycle_is_refused() -> None:
    modules = {"a.js": parsed("a.js", "b.js"), "b.js": parsed("b.js", "a.js")}
    with pytest.raises(ModuleSyntaxError, match="import of itself"):
        in_order(["a.js"], modules.__getitem__)


def test_the_script_has_each_module_once_and_the_map_its_lines() -> None:
    first = parse_module("lib/x.js", "export const a = 1;\n")
    second = parse_module("b.js", "import { a } from './lib/x.js';\n\nimport('./c.js');\n")
    script = join_modules([first, second], {"c.js": "./page.c.js", "other.js": "./other.js"})
    lines = script.splitlines()
    assert "'c.js': './page.c.js'" in lines[0]
    assert "other.js" not in script
    found = source_map([first, second], "../")
    assert isinstance(found["sections"], list)
    starts = {
        section["map"]["sources"][0]: section["offset"]["line"] for section in found["sections"]
    }
    assert lines[starts["../lib/x.js"]] == "const a = 1;"
    assert lines[starts["../b.js"]] == "const { a } = await __modules['lib/x.js'];"
    assert lines[starts["../b.js"] + 2] == "__later('c.js');"
