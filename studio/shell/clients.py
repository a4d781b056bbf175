"""`studio clients`: who may use the API, from which channel, how often."""

from typing import Annotated

import typer

from studio.shell.printing import AsJson, here, print_table, say

app = typer.Typer(no_args_is_help=True, help="Who may use the API.")


@app.command()
def add(
    name: str,
    channel: Annotated[str, typer.Option(help="What it is served from.")] = "live",
    per_minute: Annotated[int, typer.Option(help="Requests a minute.")] = 60,
    in_flight: Annotated[int, typer.Option(help="Requests that may be under way at once.")] = 10,
    per_day: Annotated[int | None, typer.Option(help="Requests a day; no limit without.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What the key opens: draw, manage (presets, deployments), watch (/metrics); several may be given."
        ),
    ] = None,
) -> None:
    """Add a client, or give one another key and limits; prints the key, once."""
    from pydantic import ValidationError

    from studio.errors import InputError
    from studio.recipes.base import explain
    from studio.recipes.serving import Client

    try:
        client = Client.model_validate(
            {
                "name": name, "channel": channel, "per_minute": per_minute, "in_flight": in_flight,
                "per_day": per_day, "scopes": scope or ["draw"],
            }
        )  # fmt: skip
    except ValidationError as error:
        raise InputError("auth.client_invalid", reason=explain(error)) from None
    say(here().clients.put(client))


@app.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """Clients and their limits; their keys are kept nowhere."""
    rows = [
        (c.name, c.channel, c.per_minute, c.in_flight, c.per_day or "", " ".join(sorted(c.scopes)))
        for c in here().clients.all()
    ]
    heads = ("name", "channel", "per minute", "in flight", "per day", "scopes")
    print_table(heads, rows, as_json)


@app.command()
def remove(name: str) -> None:
    """Take a client's key away."""
    here().clients.remove(name)
