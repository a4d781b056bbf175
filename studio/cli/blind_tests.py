"""`studio blind-tests`: blind comparisons of recipes or versions, by votes on pairs of images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, Author, open_app, print_line, print_progress, print_table

if TYPE_CHECKING:
    from studio.recipes.evaluation.blind_test import Choice

app = typer.Typer(no_args_is_help=True, help="Blind tests of recipes or versions.")

TestId = Annotated[int, typer.Argument(help="Number of a blind test.", metavar="TEST")]
Voter = Annotated[str, typer.Option(help="Name of the voter.", envvar="STUDIO_AUTHOR")]
VOTE_CHOICES: "tuple[Choice, ...]" = ("left", "right", "tie")


@app.command("list")
def list_blind_tests(as_json: AsJson = False) -> None:
    """List blind tests, newest first."""
    rows = [
        (stored.id, stored.blind_test.title, len(stored.blind_test.candidates), stored.author)
        for stored in open_app().evaluation.blind_tests.list_latest()
    ]
    print_table(("blind test", "title", "candidates", "author"), rows, as_json)


@app.command()
def create(
    title: str,
    candidates: Annotated[
        list[str], typer.Argument(help="Two to four, e.g. picnic:2:A, or picnic:2 for all recipes.")
    ],
    author: Author = "",
    as_json: AsJson = False,
) -> None:
    """Create a blind test over the sample doodles and render its images."""
    from studio.recipes.evaluation.blind_test import Candidate

    service = open_app().evaluation.blind_tests
    stored = service.create(title, [Candidate.parse(text) for text in candidates], author)
    service.render_missing(stored.id, print_progress)
    print_table(("blind test", "title"), [(stored.id, stored.blind_test.title)], as_json)


@app.command("next")
def next_matchup(test: TestId, out: Path, voter: Voter, as_json: AsJson = False) -> None:
    """Write the voter's next matchup as doodle.png, left.png and right.png; prints its number."""
    from studio.files import ensure_writable_dir, write_atomic
    from studio.imaging.png_io import encode_png

    service = open_app().evaluation.blind_tests
    number, matchup = service.next_matchup(test, voter)
    ensure_writable_dir(out)
    for side in ("doodle", "left", "right"):
        image = service.image(test, voter, number, side)
        write_atomic(out / f"{side}.png", encode_png(image.convert("RGB")))
    print_table(("matchup", "doodle"), [(number, matchup.doodle)], as_json)


@app.command()
def vote(
    test: TestId,
    matchup: Annotated[int, typer.Argument(help="Number that `next` printed.")],
    choice: Annotated[str, typer.Argument(help="left, right or tie.")],
    voter: Voter,
) -> None:
    """Vote left, right or tie in a matchup."""
    from studio.errors import InvalidInputError

    valid = next((name for name in VOTE_CHOICES if name == choice), None)
    if valid is None:
        raise InvalidInputError("cli.choice_invalid", choice=choice, choices=VOTE_CHOICES)
    open_app().evaluation.blind_tests.cast_vote(test, voter, matchup, valid)


@app.command()
def results(test: TestId, as_json: AsJson = False) -> None:
    """Win rates and win probabilities with 95% confidence intervals, best first."""
    ranking = open_app().evaluation.blind_tests.ranking(test)
    rows = [
        (
            candidate.label,
            candidate.votes,
            round(candidate.win_rate, 3),
            round(candidate.win_probability, 3),
            round(candidate.win_probability_low, 3),
            round(candidate.win_probability_high, 3),
        )
        for candidate in ranking.candidates
    ]
    columns = ("candidate", "votes", "win rate", "win probability", "ci low", "ci high")
    print_table(columns, rows, as_json)
    if ranking.is_significant:
        print_line("first place is better (95% confidence)", err=True)
    elif ranking.votes_needed is None:
        print_line("no detectable difference", err=True)
    else:
        needed = ranking.votes_needed
        print_line(f"not significant: about {needed} more votes between the top two", err=True)
