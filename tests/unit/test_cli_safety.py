"""`studio safety`: verdicts with their exit codes, and the record."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from studio.app import create_app_container
from studio.cli.main import app
from studio.errors import ContentBlockedError, InvalidInputError
from studio.settings import Settings
from tests import examples


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["safety", *words])


def test_words_are_judged_with_what_matched_and_where(home: Path) -> None:
    passed = run("words", "--text", "a red dress", "--json")
    assert passed.exit_code == 0
    assert json.loads(passed.output) == {"verdict": "pass", "severity": None, "matches": []}
    blocked = run("words", "--text", "a n4ked man", "--json")
    assert blocked.exit_code == 3
    told = json.loads(blocked.output)
    assert (told["verdict"], told["severity"]) == ("block", "block")
    [match] = told["matches"]
    assert match == {"entry": "naked", "action": "block", "start": 2, "end": 7, "text": "n4ked"}
    masked = run("words", "--text", "a gun")
    assert (masked.exit_code, "mask: 'gun' in 'gun', from 2 to 5" in masked.output) == (0, True)


def test_a_image_is_judged_with_score_and_threshold(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(examples.png())
    passed = run("image", str(file), "--json")
    told = json.loads(passed.output)
    assert (passed.exit_code, told["verdict"], told["threshold"]) == (0, "pass", 0.8)
    assert 0 <= told["scores"]["nsfw"] < 0.8
    withheld = run("image", str(file), "--threshold", "0")
    assert withheld.exit_code == 3
    assert withheld.output.startswith("block: nsfw 0.")
    assert isinstance(run("image", str(tmp_path / "none.png")).exception, InvalidInputError)


def test_the_record_is_read_reviewed_and_forgotten(home: Path, tmp_path: Path) -> None:
    studio = create_app_container(Settings(data_dir=home))
    preset = studio.themes.get_version("first-light").preset
    with pytest.raises(ContentBlockedError):
        studio.request_factory.create(preset, "mia", None, "a naked man", client="app")
    [kept] = json.loads(run("audit", "--json").output)
    assert (kept["decision"]["client"], kept["decision"]["reason"]) == ("app", "naked")
    run("review", str(kept["id"]), "--note", "a statue", "--author", "ana")
    assert "wrong: a statue" in run("audit", "--client", "app").output
    file = tmp_path / "record.jsonl"
    assert run("export", str(file), "--client", "app").output == "1\n"
    assert json.loads(file.read_text())["decision"]["input_text"] == "a naked man"
    refused = run("review", str(kept["id"]), "--note", "a statue", "--release")
    assert isinstance(refused.exception, InvalidInputError)
    assert isinstance(run("forget").exception, InvalidInputError)
    assert run("forget", "--client", "app").output == "1\n"
    assert json.loads(run("audit", "--json").output) == []
