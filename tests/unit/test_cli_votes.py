"""`studio votes`: a contest from the command line, as on the page Votes."""

import functools
import json
from pathlib import Path

import pytest
import statsmodels.api  # Here, since its import changes how warnings are taken.
from PIL import Image

from studio import app as bootstrap
from studio.services.rendering.fake_renderer import FakeRenderer
from tests.unit.test_cli import Command, studio_command

assert statsmodels.api
assert studio_command


@pytest.fixture(autouse=True)
def _drawn_by_a_fake(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = functools.partial(bootstrap.create_app_container, renderer_factory=FakeRenderer)
    monkeypatch.setattr(bootstrap, "create_app_container", opened)


def test_a_contest_is_set_up_voted_on_and_counted(studio_command: Command, tmp_path: Path) -> None:
    entrants = ("first-light:1:a", "first-light:1:C")
    begun = studio_command("votes", "begin", "Which?", *entrants, "--author", "ada", "--json")
    assert json.loads(begun.out) == [{"contest": 1, "title": "Which?"}]
    assert "20 of 20" in begun.err or "of" in begun.err
    assert "Which?" in studio_command("votes", "list").out

    shown = studio_command("votes", "ballot", 1, tmp_path, "--voter", "bo", "--json")
    assert json.loads(shown.out)[0]["number"] == 0
    for side in ("doodle", "left", "right"):
        with Image.open(tmp_path / f"{side}.png") as image:
            assert (image.size, image.info) == ((256, 256), {})
    assert studio_command("votes", "cast", 1, 0, "left", "--voter", "bo").code == 0
    again = studio_command("votes", "cast", 1, 0, "left", "--voter", "bo")
    assert (again.code, "cast already" in again.err) == (2, True)

    told = studio_command("votes", "standing", 1, "--json")
    places = json.loads(told.out)
    assert {place["entrant"] for place in places} == {"first-light v1 A", "first-light v1 C"}
    assert [place["votes"] for place in places] == [1, 1]
    assert "more votes" in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("begin", "Which?", "first-light", "picnic:1"), "write it as picnic:2:A"),
        (("begin", "Which?", "first-light:1:E", "picnic:1"), "write it as picnic:2:A"),
        (("begin", "Which?", "first-light:1", "nobody:1"), "no preset named"),
        (("cast", 1, 0, "both", "--voter", "bo"), "is no choice"),
        (("standing", 9), "no contest 9"),
    ],
)
def test_what_cannot_be_says_why(
    studio_command: Command, arguments: tuple[object, ...], said: str
) -> None:
    ran = studio_command("votes", *arguments)
    assert ran.code != 0
    assert said in ran.err
