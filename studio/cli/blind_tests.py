"""`studio votes`: blind contests between recipes or versions, set up, voted on and counted."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import AsJson, Author, open_app, print_progress, print_table, say

app = typer.Typer(no_args_is_help=True, help="Blind contests between recipes or versions.")
CHOICES = ("left", "right", "tie")
Voter = Annotated[str, typer.Option(help="Who votes.", envvar="STUDIO_AUTHOR")]


@app.command("list")
def list_contests(as_json: AsJson = False) -> None:
    """Every contest, the newest first."""
    rows = [
        (each.id, each.contest.title, len(each.contest.entrants), each.author)
        for each in open_app().blind_tests.contests.list_all()
    ]
    print_table(("contest", "title", "entrants", "author"), rows, as_json)


@app.command()
def begin(
    title: str,
    entrants: Annotated[
        list[str], typer.Argument(help="Two to four, such as picnic:2:A or picnic:2 for all four.")
    ],
    author: Author = "",
    as_json: AsJson = False,
) -> None:
    """Set up a contest over the test doodles, and draw what will be shown."""
    from studio.recipes.evaluation.blind_test import Candidate

    voting = open_app().blind_tests
    kept = voting.create(title, [Candidate.parse(text) for text in entrants], author)
    voting.render_missing(kept.id, print_progress)
    print_table(("contest", "title"), [(kept.id, kept.contest.title)], as_json)


@app.command()
def ballot(contest: int, folder: Path, voter: Voter, as_json: AsJson = False) -> None:
    """Write doodle.png, left.png and right.png of the pair that a voter is to choose from next."""
    from studio.files import ensure_writable_dir, write_atomic
    from studio.imaging.png_io import encode_png

    voting = open_app().blind_tests
    number, shown = voting.next_matchup(contest, voter)
    ensure_writable_dir(folder)
    for side in ("doodle", "left", "right"):
        image = voting.image(contest, voter, number, side)
        write_atomic(folder / f"{side}.png", encode_png(image.convert("RGB")))
    print_table(("number", "doodle"), [(number, shown.doodle)], as_json)


@app.command()
def cast(contest: int, number: int, choice: str, voter: Voter) -> None:
    """Choose left, right or tie on the ballot of this number."""
    from studio.errors import InvalidInputError

    if choice not in CHOICES:
        raise InvalidInputError("cli.no_choice", choice=choice, choices=CHOICES)
    open_app().blind_tests.cast_vote(contest, voter, number, choice)  # type: ignore[arg-type]


@app.command()
def standing(contest: int, as_json: AsJson = False) -> None:
    """Win rates and chances with their 95 % intervals, the best first."""
    found = open_app().blind_tests.ranking(contest)
    rows = [
        (p.label, p.votes, round(p.win_rate, 3), round(p.win_probability, 3), round(p.win_probability_low, 3), round(p.win_probability_high, 3))
        for p in found.candidates
    ]  # fmt: skip
    print_table(("entrant", "votes", "win rate", "chance", "from", "to"), rows, as_json)
    if found.is_significant:
        say("the first is better, as sure as 95 %", err=True)
    elif found.votes_needed is None:
        say("too alike to tell", err=True)
    else:
        say(f"some {found.votes_needed} more votes between the first two would tell", err=True)
