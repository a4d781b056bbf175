"""`studio clients`: who may use the API, from which channel, how often."""

from typing import Annotated

import typer

from studio.cli.output import AsJson, open_app, print_table, say

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
            help="What the key opens: generate, admin (themes, deployments), metrics (/metrics); several may be given."
        ),
    ] = None,
) -> None:
    """Add a client, or give one another key and limits; prints the key, once."""
    from pydantic import ValidationError

    from studio.errors import InvalidInputError
    from studio.recipes.base import format_validation_error
    from studio.recipes.serving.request_status import ApiClient

    try:
        client = ApiClient.model_validate(
            {
                "name": name, "channel": channel, "requests_per_minute": per_minute, "max_concurrent_requests": in_flight,
                "requests_per_day": per_day, "scopes": scope or ["generate"],
            }
        )  # fmt: skip
    except ValidationError as error:
        raise InvalidInputError(
            "auth.client_invalid", reason=format_validation_error(error)
        ) from None
    say(open_app().clients.create_or_rotate_key(client))


@app.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """Clients and their limits; their keys are kept nowhere."""
    rows = [
        (
            c.name,
            c.channel,
            c.requests_per_minute,
            c.max_concurrent_requests,
            c.requests_per_day or "",
            " ".join(sorted(c.scopes)),
        )
        for c in open_app().clients.list_all()
    ]
    heads = ("name", "channel", "per minute", "in flight", "per day", "scopes")
    print_table(heads, rows, as_json)


@app.command()
def remove(name: str) -> None:
    """Take a client's key away."""
    open_app().clients.remove(name)
