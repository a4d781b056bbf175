"""`studio moderation`: checks with their exit codes, and the audit log."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from studio.app import create_app_container
from studio.cli.main import app
from studio.errors import ContentBlockedError, InvalidInputError
from studio.settings import Settings
from tests import examples


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["moderation", *arguments])


def test_text_is_checked_with_its_matches(home: Path) -> None:
    passed = run("check-text", "--text", "a red dress", "--json")
    assert passed.exit_code == 0
    assert json.loads(passed.output) == {"action": "pass", "matches": []}
    blocked = run("check-text", "--text", "a n4ked man", "--json")
    assert blocked.exit_code == 3
    document = json.loads(blocked.output)
    assert document["action"] == "block"
    [match] = document["matches"]
    assert match == {"entry": "naked", "action": "block", "start": 2, "end": 7, "text": "n4ked"}
    masked = run("check-text", "--text", "a gun")
    assert (masked.exit_code, "mask: 'gun' in 'gun', from 2 to 5" in masked.output) == (0, True)


def test_image_is_classified_with_score_and_threshold(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(examples.png())
    passed = run("check-image", str(file), "--json")
    document = json.loads(passed.output)
    assert (passed.exit_code, document["action"], document["threshold"]) == (0, "pass", 0.8)
    assert 0 <= document["scores"]["nsfw"] < 0.8
    withheld = run("check-image", str(file), "--threshold", "0")
    assert withheld.exit_code == 3
    assert withheld.output.startswith("block: nsfw 0.")
    assert isinstance(run("check-image", str(tmp_path / "none.png")).exception, InvalidInputError)


def test_audit_log_is_listed_reviewed_exported_and_purged(home: Path, tmp_path: Path) -> None:
    studio = create_app_container(Settings(data_dir=home))
    preset = studio.stores.themes.get_version("first-light").preset
    with pytest.raises(ContentBlockedError):
        studio.rendering.request_factory.create(preset, "mia", None, "a naked man", client="app")
    [stored] = json.loads(run("log", "--json").output)
    assert (stored["decision"]["client"], stored["decision"]["reason"]) == ("app", "naked")
    run("review", str(stored["id"]), "--note", "a statue", "--author", "ana")
    assert "false positive: a statue" in run("log", "--client", "app").output
    file = tmp_path / "record.jsonl"
    assert run("export", str(file), "--client", "app").output == "1\n"
    assert json.loads(file.read_text())["decision"]["input_text"] == "a naked man"
    refused = run("review", str(stored["id"]), "--note", "a statue", "--release")
    assert isinstance(refused.exception, InvalidInputError)
    assert isinstance(run("purge").exception, InvalidInputError)
    assert run("purge", "--client", "app").output == "1\n"
    assert json.loads(run("log", "--json").output) == []
