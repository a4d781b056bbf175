"""Every text by its id: each language has each, nothing is unused, placeholders and parameters fit.
Issue 19, 1."""

import ast
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from studio import errors, locales
from studio.errors import CapacityError, InvalidInputError, StudioError
from studio.locales import DEFAULT, LANGUAGES, placeholders, templates
from studio.locales.negotiation import language_of
from studio.messages import message, read_message
from studio.recipes.base import format_validation_error
from studio.recipes.generation.recipe import Recipe

PACKAGE = Path(locales.__file__).parents[1]
ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
CALLED = re.compile(r"""\bt\(\s*["']([\w.]+)["']""")
"""An id in a template of a page or in a script."""
QUOTED = re.compile(r"""["'`]([a-z0-9_]+(?:\.[a-z0-9_]+)+)["'`]""")
COMPOSED = ("pydantic.", "list.", "language.")
"""Ids that code composes, or that only this package reads."""
SEEN = {".py", ".js", ".html"}
NOT_DONE = ("pocket",)
"""What may still raise errors by sentences: nobody but its developers runs it."""


def sources() -> Iterator[Path]:
    for path in PACKAGE.rglob("*"):
        if path.suffix in SEEN and "locales" not in path.parts and "swagger-ui" not in path.parts:
            yield path


def calls() -> Iterator[tuple[str, str, frozenset[str] | None]]:
    """Place, id and the names of the parameters of every call whose first argument is an id of ours;
    None where some come from elsewhere."""
    ours = templates(DEFAULT)
    for path in sources():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            first = node.args[0]
            if not isinstance(first, ast.Constant) or first.value not in ours:
                continue
            names = [keyword.arg for keyword in node.keywords]
            known = None if None in names else frozenset(name for name in names if name)
            yield f"{path.relative_to(PACKAGE)}:{node.lineno}", str(first.value), known


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {DEFAULT}))
def test_each_language_has_each_id_with_the_same_placeholders(language: str) -> None:
    english, other = templates(DEFAULT), templates(language)
    assert sorted(english) == sorted(other)
    assert [i for i in english if placeholders(english[i]) != placeholders(other[i])] == []


def test_files_are_sorted_and_name_no_id_twice() -> None:
    for language in LANGUAGES:
        pairs = json.loads(
            (PACKAGE / "locales" / f"{language}.json").read_text("utf-8"), object_pairs_hook=list
        )
        names = [name for name, _ in pairs]
        assert names == sorted(set(names))
        assert [name for name in names if not ID.fullmatch(name)] == []


def test_no_id_is_unused() -> None:
    used = {found for path in sources() for found in QUOTED.findall(path.read_text("utf-8"))}
    assert (
        sorted(i for i in templates(DEFAULT) if i not in used and not i.startswith(COMPOSED)) == []
    )


def test_no_page_and_no_script_names_an_id_that_is_not_there() -> None:
    called = {
        (path.name, found)
        for path in sources()
        if path.suffix in (".js", ".html")
        for found in CALLED.findall(path.read_text("utf-8"))
    }
    assert len(called) > 300
    assert sorted(each for each in called if each[1] not in templates(DEFAULT)) == []


def test_parameters_fit_the_placeholders() -> None:
    """Errors, messages and findings: what a call gives is what its template wants."""
    english = templates(DEFAULT)
    wrong = [
        (place, name, sorted(given ^ placeholders(english[name])))
        for place, name, given in calls()
        if given is not None and not given >= placeholders(english[name])
    ]
    assert wrong == []


def raised(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that make an error of ours, or what a validator raises."""
    names = {name for name, each in vars(errors).items() if isinstance(each, type)}
    ours = {"invalid", *(name for name in names if issubclass(vars(errors)[name], StudioError))}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and ours & {ast.unparse(base) for base in node.bases}:
            ours.add(node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ours:
            yield node


def sentences(tree: ast.Module) -> Iterator[ast.Call]:
    """Errors whose text is no id, and errors of Python's that people would read."""
    for call in raised(tree):
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Attribute) and first.attr in ("code", "id"):
            continue  # Of another error, or of a message.
        if not isinstance(first, ast.Constant) or first.value not in templates(DEFAULT):
            yield call
    for node in ast.walk(tree):
        made = node.exc if isinstance(node, ast.Raise) else None
        if isinstance(made, ast.Call) and ast.unparse(made.func) in ("ValueError", "TypeError"):
            yield made


def test_errors_are_raised_by_their_ids() -> None:
    """A sentence, also one that is put together, cannot be translated."""
    wrong = []
    for path in sources():
        part = path.relative_to(PACKAGE)
        if path.suffix == ".py" and part.parts[0] not in NOT_DONE:
            tree = ast.parse(path.read_text("utf-8"))
            wrong += [f"{part}:{call.lineno}: {ast.unparse(call)}" for call in sentences(tree)]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "raise InvalidInputError('no such thing')",
        "raise InvalidInputError(f'no {thing}')",
        "raise NotFoundError(text)",
        "raise NotFoundError()",
        "return IncompatibleModelError('model.never_heard_of')",
        "class Down(StudioError): pass\nraise Down('down')",
        "raise ValueError('it ends before it starts')",
        "raise invalid('it ends before it starts')",
    ],
)
def test_sentences_in_errors_are_found(source: str) -> None:
    assert len(list(sentences(ast.parse(source)))) == 1


def test_ids_in_errors_are_let_pass() -> None:
    source = (
        "raise InvalidInputError('hub.offline') from None\nraise invalid('theme.base_image_twice')"
    )
    source += "\nraise CapacityError(full.code, 5, **full.message.params)"
    assert list(sentences(ast.parse(source))) == []


def test_a_message_is_written_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "en": {"list.separator": ", ", "a.b": "{count} of {names}: {why}", "a.c": "gone"},
        "zh-CN": {"list.separator": "、", "a.b": "{names}：{count}（{why}）", "a.c": "已不在"},
    }
    monkeypatch.setattr(locales, "templates", lambda language: texts[language])
    text = message("a.b", count=2, names=["x", "{y}"], why=message("a.c"))
    assert str(text) == "2 of x, {y}: gone"
    assert text.text("zh-CN") == "x、{y}：2（已不在）"
    assert text.text("fr") == str(text)
    assert read_message(text.to_json()) == text


@pytest.mark.parametrize(
    "text",
    [
        "a {sentence}",
        '{"id":',
        '{"id":"x","params":null}',
        '{"id":"x","params":[]}',
        '{"id":"x","params":{"a":null}}',
        '{"id":"x","params":' + '{"a":' * 10_000,
    ],
)
def test_what_is_no_message_is_read_as_a_sentence(text: str) -> None:
    assert str(read_message(text)) == text


def test_errors_keep_id_and_parameters_across_processes() -> None:
    error = pickle.loads(pickle.dumps(CapacityError("a.b", 5, count=3)))
    assert (type(error), error.code, error.retry_after_seconds) == (CapacityError, "a.b", 5)
    assert error.message == message("a.b", count=3)
    assert (
        str(InvalidInputError("a sentence of another library {x}"))
        == "a sentence of another library {x}"
    )


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"accept-language": "zh-TW,zh;q=0.9,en;q=0.8"}, "zh-CN"),
        ({"accept-language": "fr, de"}, "en"),
        ({"accept-language": "zh-CN", "cookie": "a=b; studio_language=en"}, "en"),
        ({"cookie": "studio_language=zh-CN"}, "zh-CN"),
        ({"cookie": "studio_language=../etc", "accept-language": "zh"}, "zh-CN"),
        ({"cookie": ";;=;studio_language"}, "en"),
        ({"cookie": 'a={"x":1}; flag; b=x y; c[d]=1; studio_language=zh-CN'}, "zh-CN"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_browsers(
    headers: dict[str, str], language: str
) -> None:
    assert language_of(headers) == language


def test_pydantics_findings_are_text_in_the_readers_language() -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate(
            {
                "base_model": {"name": "a/b"},
                "steps": 900,
                "surprise": 1,
                "loras": [{"model": {"name": "x"}}] * 9,
            }
            | {f"odd{i}": i for i in range(3)}
        )
    text = format_validation_error(caught.value)
    assert str(text) == (
        "base_model.name: invalid model name; use at most 200 characters, without control"
        " characters, / or \\, and without a leading dot (got 'a/b');"
        " steps: must be at most 150 (got 900);"
        " loras: must have at most 8 items, not 9 (Tuple);"
        " surprise: unknown field (got 1);"
        " odd0: unknown field (got 0); and 2 more"
    )
    assert text.text("zh-CN") == (
        "base_model.name：模型名称无效；最多 200 个字符，不含控制字符、/ 或 \\，且不以点开头"
        "（实为 'a/b'）；steps：须不大于 150（实为 900）；loras：最多 8 项，实为 9 项（Tuple）；"
        "surprise：未知字段（实为 1）；odd0：未知字段（实为 0）；另有 2 处"
    )


def test_ids_of_pydantics_errors_are_types_that_it_has() -> None:
    ours = {i.removeprefix("pydantic.") for i in templates(DEFAULT) if i.startswith("pydantic.")}
    assert {i.removesuffix("_one") for i in ours} <= set(get_args(ErrorType))
