"""`studio users`: accounts that can sign in."""

from pathlib import Path

from typer.testing import CliRunner

from studio.cli.main import app

runner = CliRunner()


def test_user_is_added_listed_and_removed(home: Path) -> None:
    added = runner.invoke(app, ["users", "add", "ada"], input="correct horse battery\n")
    assert "ada can sign in" in added.output
    assert "horse" not in added.output
    assert runner.invoke(app, ["users", "list"]).output == "ada\n"
    assert "can no longer" in runner.invoke(app, ["users", "remove", "ada"]).output
    assert runner.invoke(app, ["users", "list"]).output == ""
