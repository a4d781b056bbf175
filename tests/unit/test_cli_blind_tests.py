"""`studio blind-tests`: create, vote and rank from the command line."""

import functools
import json
from pathlib import Path

import pytest
import statsmodels.api  # Imported first: it changes the warning filters.
from PIL import Image

from studio import app as bootstrap
from tests.fake_renderer import FakeRenderer
from tests.unit.test_cli import Command, studio_command

assert statsmodels.api
assert studio_command


@pytest.fixture(autouse=True)
def _fake_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = functools.partial(bootstrap.create_app_container, renderer_factory=FakeRenderer)
    monkeypatch.setattr(bootstrap, "create_app_container", opened)


def test_blind_test_is_created_voted_on_and_ranked(studio_command: Command, tmp_path: Path) -> None:
    candidates = ("first-light:1:a", "first-light:1:C")
    created = studio_command(
        "blind-tests", "create", "Which?", *candidates, "--author", "ada", "--json"
    )
    assert json.loads(created.out) == [{"blind test": 1, "title": "Which?"}]
    assert "20 of 20" in created.err or "of" in created.err
    assert "Which?" in studio_command("blind-tests", "list").out

    matchup = studio_command("blind-tests", "next", 1, tmp_path, "--voter", "bo", "--json")
    assert json.loads(matchup.out)[0]["matchup"] == 0
    for side in ("doodle", "left", "right"):
        with Image.open(tmp_path / f"{side}.png") as image:
            assert (image.size, image.info) == ((256, 256), {})
    assert studio_command("blind-tests", "vote", 1, 0, "left", "--voter", "bo").code == 0
    again = studio_command("blind-tests", "vote", 1, 0, "left", "--voter", "bo")
    assert (again.code, "Vote already cast" in again.err) == (2, True)

    ran = studio_command("blind-tests", "results", 1, "--json")
    ranking = json.loads(ran.out)
    assert {row["candidate"] for row in ranking} == {"first-light v1 A", "first-light v1 C"}
    assert [row["votes"] for row in ranking] == [1, 1]
    assert "more votes" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "Which?", "first-light", "picnic:1"), "Use picnic:2:A"),
        (("create", "Which?", "first-light:1:E", "picnic:1"), "Use picnic:2:A"),
        (("create", "Which?", "first-light:1", "nobody:1"), "Theme not found"),
        (("vote", 1, 0, "both", "--voter", "bo"), "Invalid choice"),
        (("results", 9), "Blind test 9 not found"),
    ],
)
def test_invalid_argument_is_explained(
    studio_command: Command, arguments: tuple[object, ...], message: str
) -> None:
    ran = studio_command("blind-tests", *arguments)
    assert ran.code != 0
    assert message in ran.err
