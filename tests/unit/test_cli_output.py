"""Output of the command line that contains names, titles, notes and file names from other people.

Issue 18, 12 (review 2.6): no control character reaches a terminal.
"""

import ast
import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import studio.cli.main
from studio.app import create_app_container
from studio.cli.output import print_json, print_line
from studio.logging_config import configure_logging
from studio.recipes.moderation import ModerationDecision
from studio.settings import Settings
from studio.terminal_text import printable
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.models.test_identification import PEFT, write
from tests.unit.test_cli import Command, studio_command

__all__ = ["studio_command"]

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\nfake-row  9  Fake\x9b31m\x7f\u202eelif\u2066\u2028"
COMMANDS = Path(studio.cli.main.__file__).parent


def control_characters(text: str) -> list[str]:
    """The characters that a terminal interprets, except for line feeds."""
    return [
        char
        for char in text
        if (not char.isprintable() and char != "\n") or "\ud800" <= char <= "\udfff"
    ]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_printed_as_one_line_without_control_characters(text: str) -> None:
    line = printable(text)
    assert len(line.splitlines()) <= 1
    assert not any(char in line for char in HOSTILE if not char.isprintable())
    assert line.encode() is not None, "it cannot be sent to a terminal"


def test_text_of_any_script_is_unchanged() -> None:
    for text in ("Détail (v2) · 春日野餐 👩‍🎨", "a\\b", "שלום", ""):
        assert printable(text) == text


@settings(deadline=None)
@given(
    st.recursive(
        st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_is_equivalent_and_has_no_control_characters(value: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("typer.echo", lambda text, **_: printed.append(text))
        print_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(printed[0]) == value
    assert not any(
        char in printed[0] for char in HOSTILE if not char.isprintable() and char != "\n"
    )


def test_control_characters_in_stored_names_are_escaped(
    studio_command: Command, home: Path
) -> None:
    opened = create_app_container(Settings(data_dir=home), FakeRenderer)
    preset = opened.stores.themes.get_version("first-light").preset
    opened.stores.themes.save(
        preset.model_copy(update={"slug": "mine", "name": "Mine@"}), "eve@", "note@"
    )
    opened.stores.audit_log.add(
        ModerationDecision(
            stage="words",
            verdict="block",
            client="app@",
            request_id=examples.REQUEST_ID,
            theme="mine",
            reason="why@",
            input_text="said@",
            created_at=examples.LONG_AGO,
        )
    )
    with closing(sqlite3.connect(home / "studio.db")) as database, database:
        # As an older version stored them, which did not check for control characters.
        in_json = json.dumps(HOSTILE, ensure_ascii=False)[1:-1]
        for table, column, chars in (
            ("themes", "name", HOSTILE),
            ("theme_versions", "author", HOSTILE),
            ("theme_versions", "message", HOSTILE),
            ("theme_versions", "document", in_json),
            ("moderation_decisions", "client", HOSTILE),
            ("moderation_decisions", "document", in_json),
        ):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, '@', ?)", (chars,))
    for arguments in (
        ("themes", "list"),
        ("themes", "versions", "mine"),
        ("themes", "show", "mine"),
        ("themes", "diff", "mine", "--from", "1"),
        ("moderation", "log"),
        ("moderation", "log", "--json"),
        ("themes", "list", HOSTILE),
    ):
        ran = studio_command(*arguments)
        assert ran.code == 0, arguments
        assert not control_characters(ran.out + ran.err), arguments
    listed = studio_command("themes", "list").out
    assert r"Mine\x1b]0;owned\x07\x1b[2J\r\nfake-row  9  Fake\x9b31m\x7f\u202eelif" in listed
    assert len(listed.splitlines()) == 1 + len(opened.stores.themes.list_summaries())


def test_control_characters_in_model_files_are_escaped(studio_command: Command, home: Path) -> None:
    loras = home / "models" / "loras"
    write(loras / "glow.safetensors", {PEFT: (8, 128)}, {"modelspec.trigger_phrase": HOSTILE})
    write(loras / f"odd{HOSTILE.replace('/', '')}.safetensors", {PEFT: (8, 128)})
    (loras / "\x1b[2J.ckpt").write_bytes(b"\x80")
    (loras / "\udcff.pt").write_bytes(b"\x80")
    for arguments in (
        ("models", "list"),
        ("models", "check"),
        ("models", "check", "--json"),
        ("models", "show", "glow"),
        ("models", "show", "glow", "--json"),
        ("models", "show", HOSTILE),
        ("base-images", "detect-pose", "mia", "--detector", HOSTILE),
    ):
        ran = studio_command(*arguments)
        assert not control_characters(ran.out + ran.err), arguments
        assert "Traceback" not in ran.err
    assert "3 unusable" in studio_command("models", "check").err


def test_error_is_one_line_without_control_characters(
    studio_command: Command, tmp_path: Path
) -> None:
    ran = studio_command("themes", "show", HOSTILE)
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert not control_characters(ran.err)
    file = tmp_path / f"file{HOSTILE.replace('/', '')}.json"
    file.write_text("{")
    ran = studio_command("themes", "import", file)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert not control_characters(ran.err)


def calls(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_only_output_module_prints() -> None:
    direct = {
        "print",
        "typer.echo",
        "typer.secho",
        "typer.confirm",
        "click.echo",
        "sys.stdout.write",
        "sys.stderr.write",
    }
    files = list(COMMANDS.glob("*.py"))
    printing = {file.name for file in files if direct & set(calls(file))}
    assert len(files) > 10
    assert printing == {"output.py"}


def test_command_leaves_no_thread_behind(
    studio_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 18, 12 (review 3.5): an interpreter that exits while a thread is inside torch is
    aborted."""
    before = set(threading.enumerate())
    assert studio_command("themes", "list").code == 0
    assert studio_command("themes", "show", "nobody").code == 3

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "studio.services.requests.request_factory.RequestFactory.create", interrupted
    )
    assert (
        studio_command(
            "render", "--theme", "first-light", "--base-image", "mia", "--out", "out"
        ).code
        != 0
    )
    remaining = {
        thread for thread in set(threading.enumerate()) - before if thread.name.startswith("lane")
    }
    assert remaining == set()


def test_lines_go_to_stdout_or_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("out")
    print_line("err", err=True)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("out\n", "err\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_control_characters_in_log_lines_are_escaped(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        configure_logging(as_json)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("studio.test").exception("imported %s", HOSTILE)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    log = capsys.readouterr().err
    assert "imported" in log
    assert not control_characters(log)
