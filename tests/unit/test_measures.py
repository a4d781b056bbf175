"""What is measured of the source: lengths of modules and functions, docstrings, shapes of tensors. Issue 19.

`python -m tests.unit.test_measures` prints the figures.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
MAX_MODULE_LINES = 400
LONG_FUNCTION_LINES = 25
MAX_UNDOCUMENTED = 0.15
"""Share of the public functions."""
_TENSOR = re.compile(r"\bTensor\b")
_SHAPE = re.compile(r"\([\w \-*/+.]+,[^)]*\)|shape|scalar|\bAs `", re.IGNORECASE)
"""Such as `(n, 4, h, w)`; or a reference to another function that states it."""


@dataclass(frozen=True)
class Function:
    """A function or method that is not nested in another; `is_public` also by its class."""

    place: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    is_public: bool

    @property
    def lines(self) -> int:
        """With signature and docstring."""
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1

    @property
    def has_tensors(self) -> bool:
        """Whether a tensor is an argument or returned."""
        arguments = self.node.args
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        annotations = (*(argument.annotation for argument in every), self.node.returns)
        return any(note is not None and _TENSOR.search(ast.unparse(note)) for note in annotations)


def modules(*packages: str) -> list[Path]:
    """The modules of packages, without migrations."""
    found = (path for name in packages for path in sorted((ROOT / name).rglob("*.py")))
    return [path for path in found if "versions" not in path.parts]


def functions(*packages: str) -> Iterator[Function]:
    for path in modules(*packages):
        place = str(path.relative_to(ROOT))
        yield from _functions_in(ast.parse(path.read_text("utf-8")), place, True)


def _functions_in(node: ast.AST, place: str, is_public: bool) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            where = f"{place}:{child.lineno} {child.name}"
            yield Function(where, child, is_public and not child.name.startswith("_"))
        elif isinstance(child, ast.ClassDef):
            yield from _functions_in(child, place, is_public and not child.name.startswith("_"))
        else:
            yield from _functions_in(child, place, is_public)


def line_count(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_no_module_is_too_long() -> None:
    every = modules("studio", "training", "benchmarks")
    assert [path for path in every if line_count(path) > MAX_MODULE_LINES] == []


def test_public_functions_have_docstrings() -> None:
    public = [function for function in functions("studio") if function.is_public]
    missing = [one.place for one in public if not ast.get_docstring(one.node)]
    assert len(missing) <= MAX_UNDOCUMENTED * len(public), missing


def test_functions_of_tensors_state_their_shapes() -> None:
    tensors = [one for one in functions("studio", "training") if one.has_tensors]
    assert len(tensors) > 100
    assert [
        one.place for one in tensors if not _SHAPE.search(ast.get_docstring(one.node) or "")
    ] == []


def main() -> None:
    lengths = [line_count(path) for path in modules("studio")]
    every = list(functions("studio"))
    long = sum(one.lines > LONG_FUNCTION_LINES for one in every)
    public = [one for one in every if one.is_public]
    undocumented = sum(not ast.get_docstring(one.node) for one in public)
    source, tests = (
        sum(line_count(path) for path in (ROOT / name).rglob("*.py"))
        for name in ("studio", "tests")
    )
    print(f"modules: {len(lengths)}, median {median(lengths)}, longest {max(lengths)} lines")
    print(f"functions over {LONG_FUNCTION_LINES} lines: {long / len(every):.2%} of {len(every)}")
    print(f"public functions without docstring: {undocumented / len(public):.1%} of {len(public)}")
    print(f"lines of tests / of source: {tests} / {source} = {tests / source:.2f}")


if __name__ == "__main__":
    main()
