"""`studio bench`: what this machine does, measured in one run."""

import json
from typing import Annotated

import typer

from studio.cli.output import AsJson, say, say_lines

app = typer.Typer(no_args_is_help=True, help="Measure this machine.")


@app.callback()
def bench() -> None:
    """Figures depend on the machine: compare only what one run prints."""


@app.command()
def engine(
    soak: Annotated[int, typer.Option(help="Jobs in the soak.", min=10)] = 500,
    as_json: AsJson = False,
) -> None:
    """The engine against plain diffusers, the cost of each change, levers, and growth.

    Takes five to ten minutes on two cores.
    """
    from studio.bench.report import engine_metrics, table

    figures = engine_metrics(soak, lambda what: say(what, err=True))
    say_lines(json.dumps(figures, indent=2) if as_json else table(figures))


@app.command()
def serving(
    requests: Annotated[int, typer.Option(help="Requests in the chaos run.", min=10)] = 200,
    as_json: AsJson = False,
) -> None:
    """The queue: dispatch, makespan, fairness, and a run in which things are killed.

    Needs redis-server; takes some three minutes.
    """
    from studio.bench.redis import installed
    from studio.errors import InvalidInputError

    if not installed():
        raise InvalidInputError("cli.redis_missing")
    from studio.bench.serving import serving_figures, table

    figures = serving_figures(lambda what: say(what, err=True), requests)
    say_lines(json.dumps(figures, indent=2) if as_json else table(figures))
