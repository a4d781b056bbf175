"""`studio votes`: blind contests between recipes or versions, set up, voted on and counted."""

from pathlib import Path
from typing import Annotated

import typer

from studio.shell.printing import AsJson, Author, count_up, here, print_table, say

app = typer.Typer(no_args_is_help=True, help="Blind contests between recipes or versions.")
CHOICES = ("left", "right", "tie")
Voter = Annotated[str, typer.Option(help="Who votes.", envvar="STUDIO_AUTHOR")]


@app.command("list")
def list_contests(as_json: AsJson = False) -> None:
    """Every contest, the newest first."""
    rows = [
        (each.id, each.contest.title, len(each.contest.entrants), each.author)
        for each in here().voting.contests.all()
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
    from studio.recipes.voting import Entrant

    voting = here().voting
    kept = voting.begin(title, [Entrant.read(text) for text in entrants], author)
    voting.draw(kept.id, count_up)
    print_table(("contest", "title"), [(kept.id, kept.contest.title)], as_json)


@app.command()
def ballot(contest: int, folder: Path, voter: Voter, as_json: AsJson = False) -> None:
    """Write doodle.png, left.png and right.png of the pair that a voter is to choose from next."""
    from studio.files import check_folder, write_file
    from studio.imaging.limits import encode_png

    voting = here().voting
    number, shown = voting.next_ballot(contest, voter)
    check_folder(folder)
    for side in ("doodle", "left", "right"):
        picture = voting.shown(contest, voter, number, side)
        write_file(folder / f"{side}.png", encode_png(picture.convert("RGB")))
    print_table(("number", "doodle"), [(number, shown.doodle)], as_json)


@app.command()
def cast(contest: int, number: int, choice: str, voter: Voter) -> None:
    """Choose left, right or tie on the ballot of this number."""
    from studio.errors import InputError

    if choice not in CHOICES:
        raise InputError("cli.no_choice", choice=choice, choices=CHOICES)
    here().voting.vote(contest, voter, number, choice)  # type: ignore[arg-type]


@app.command()
def standing(contest: int, as_json: AsJson = False) -> None:
    """Win rates and chances with their 95 % intervals, the best first."""
    found = here().voting.standing(contest)
    rows = [
        (p.label, p.votes, round(p.win_rate, 3), round(p.chance, 3), round(p.chance_low, 3), round(p.chance_high, 3))
        for p in found.places
    ]  # fmt: skip
    print_table(("entrant", "votes", "win rate", "chance", "from", "to"), rows, as_json)
    if found.settled:
        say("the first is better, as sure as 95 %", err=True)
    elif found.more is None:
        say("too alike to tell", err=True)
    else:
        say(f"some {found.more} more votes between the first two would tell", err=True)
