"""Identifiers of the studio's former private vocabulary, which the field's terms replace. Issue 19, 2.

`python -m tests.unit.test_lexicon` lists them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

STUDIO = Path(__file__).parents[2] / "studio"
OLD_FORMATS = ("old_formats.py", "old_environment.py", "migrations")
"""Files that read what older versions of the studio wrote."""
VOCABULARY = """
act ailing ails alike apart asked asker beat began begin begun beside both bring careful catalogue
chances cleared colour colours course crowd dressed drawer each eyes fence forget gave gives
glimpse guess heard heed held hold holds judged judgement keep keeping kept look
looked looks made mend moment most named nasty nets newest news odd often otherwise pick
picked picks picture pictures plugged poison pulse quick remedy said say seen settled shown silence
silent spare speak speaking spoken stamp standing stands stock taught teach tell teller tend
together told took towards tried unsaid usual walk wanted ways wearing who wish worn wrong zoo
"""
"""The left column of the lexicon, without words that have a meaning in the field, too (number, line, start,
letters of a script)."""
WORDS = frozenset(VOCABULARY.split())


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Parameters, local variables, functions, classes and attributes that a module defines."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def uses() -> list[str]:
    """Places and names of the old vocabulary in `studio/`."""
    return [
        f"{path.relative_to(STUDIO)}:{line}: {name}"
        for path in sorted(STUDIO.rglob("*.py"))
        if not any(part in OLD_FORMATS for part in path.parts)
        for line, name in identifiers(path)
        if name.strip("_").lower() in WORDS
    ]


def test_no_identifier_is_of_the_old_vocabulary() -> None:
    assert uses() == []


if __name__ == "__main__":
    print(*uses(), sep="\n")
