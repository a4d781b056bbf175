"""What the commands share: tables or JSON on the screen, the settings, and the studio itself."""

import getpass
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from studio.errors import InputError

if TYPE_CHECKING:
    from studio.bootstrap import Studio
    from studio.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Author = Annotated[str, typer.Option(help="Who does it, for the log.", envvar="STUDIO_AUTHOR")]


def author_or_user(author: str) -> str:
    """`author`, or else whoever is logged in to this machine; "" where that is not known either."""
    try:
        return author or getpass.getuser()
    except (KeyError, OSError):
        return ""


def print_table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([dict(zip(head, row, strict=True)) for row in rows], indent=2))
        return
    lines = [head, *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())


def count_up(done: int, total: int) -> None:
    """Shows on one line how many of how many are done."""
    typer.echo(f"\r{done} of {total}", err=True, nl=done == total)


def load_settings(**flags: object) -> "Settings":
    from pydantic import ValidationError

    from studio.recipes.base import explain
    from studio.settings import Settings

    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InputError(f"a setting does not hold: {explain(error)}") from None


def here() -> "Studio":
    """The studio that the settings speak of."""
    from studio.bootstrap import open_studio

    return open_studio(load_settings())
