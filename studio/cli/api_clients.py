"""`studio api-keys`: API clients with their keys, channel, scopes and rate limits."""

from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, open_app, print_line, print_table

if TYPE_CHECKING:
    from studio.recipes.serving.request_status import ApiClient

app = typer.Typer(no_args_is_help=True, help="Manage API clients.")

Name = Annotated[str, typer.Argument(help="Name of a client.")]


@app.command()
def add(
    name: Name,
    channel: Annotated[str, typer.Option(help="Channel that the client is served from.")] = "live",
    per_minute: Annotated[int, typer.Option(help="Requests per minute.")] = 60,
    in_flight: Annotated[int, typer.Option(help="Concurrent requests.")] = 10,
    per_day: Annotated[
        int | None, typer.Option(help="Requests per day; default: no limit.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="generate, admin (themes, deployments) or metrics (/metrics); repeat for several;"
            " default: generate."
        ),
    ] = None,
) -> None:
    """Create a client, or give an existing one a new key and limits; prints the key once."""
    values = {
        "name": name,
        "channel": channel,
        "requests_per_minute": per_minute,
        "max_concurrent_requests": in_flight,
        "requests_per_day": per_day,
    }
    client = _parse_client(values | ({"scopes": scope} if scope else {}))
    print_line(open_app().stores.clients.create_or_rotate_key(client))


@app.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """List clients with their limits; keys are stored as hashes and cannot be shown."""
    rows = [
        (
            client.name,
            client.channel,
            client.requests_per_minute,
            client.max_concurrent_requests,
            client.requests_per_day or "",
            " ".join(sorted(client.scopes)),
        )
        for client in open_app().stores.clients.list_all()
    ]
    columns = ("name", "channel", "per minute", "in flight", "per day", "scopes")
    print_table(columns, rows, as_json)


@app.command()
def remove(name: Name) -> None:
    """Revoke a client's key."""
    open_app().stores.clients.remove(name)


def _parse_client(values: dict[str, object]) -> "ApiClient":
    """Raises InvalidInputError for values that are not valid."""
    from pydantic import ValidationError

    from studio.errors import InvalidInputError
    from studio.recipes.base import format_validation_error
    from studio.recipes.serving.request_status import ApiClient

    try:
        return ApiClient.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(
            "auth.client_invalid", reason=format_validation_error(error)
        ) from None
