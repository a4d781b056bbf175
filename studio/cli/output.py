"""What the commands share: output, settings and the application container.

Names, titles, notes and file names come from other people: commands print through the functions of
this module alone, so that no control character reaches the terminal.
"""

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

from studio.errors import InvalidInputError
from studio.terminal_text import printable, printable_json

if TYPE_CHECKING:
    from studio.app import AppContainer
    from studio.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Author = Annotated[str, typer.Option(help="Author recorded in the log.", envvar="STUDIO_AUTHOR")]
Slug = Annotated[str, typer.Argument(help="Slug of a theme.")]
Version = Annotated[int | None, typer.Option(help="Version of the theme; default: the latest.")]
RecipeSlot = Annotated[str, typer.Option("--recipe", help="Recipe slot: A, B, C or D.")]
Yes = Annotated[bool, typer.Option("--yes", help="Skip confirmation.")]

_containers: ContextVar[ExitStack | None] = ContextVar("containers", default=None)
"""Closes the containers that the running command has opened."""


def author_or_user(author: str) -> str:
    """`author`, by default the name of the operating system's user; "" if that is not known."""
    try:
        return author or getpass.getuser()
    except (KeyError, OSError):
        return ""


def print_line(text: object, err: bool = False) -> None:
    """Print one line to stdout, or to stderr; control characters are escaped."""
    typer.echo(printable(str(text)), err=err)


def print_json(document: str, err: bool = False) -> None:
    """Print a JSON document; control characters in its strings become JSON escapes."""
    typer.echo(printable_json(document), err=err)


def confirm(question: str) -> None:
    """Ask a yes/no question; the command is aborted unless the answer is yes."""
    typer.confirm(printable(question), abort=True)


def print_table(
    columns: tuple[str, ...], rows: Sequence[tuple[object, ...]], as_json: bool
) -> None:
    """Print rows as aligned columns, or as a JSON list of objects whose keys are the columns."""
    if as_json:
        print_json(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=2))
        return
    lines = [columns, *(tuple(printable(str(cell)) for cell in row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print_line("  ".join(cells).rstrip())


def print_progress(done: int, total: int) -> None:
    """Show `done` of `total` on stderr, each time on the same line."""
    typer.echo(f"\r{done} of {total}", err=True, nl=done == total)


def load_settings(**flags: object) -> "Settings":
    """The settings of the environment; a flag that is not None overrides its variable.

    Raises InvalidInputError for a value that is not valid.
    """
    from pydantic import ValidationError

    from studio.recipes.base import format_validation_error
    from studio.settings import Settings

    overrides = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidInputError(
            "cli.setting_invalid", reason=format_validation_error(error)
        ) from None


def open_app() -> "AppContainer":
    """The application container for the environment's settings.

    It is closed when the command ends, also when it fails (see `close_containers_on_exit`).
    """
    from studio.app import create_app_container

    container = create_app_container(load_settings())
    if (opened := _containers.get()) is not None:
        opened.callback(_close, container)
    return container


@contextmanager
def close_containers_on_exit() -> Iterator[None]:
    """Close every container that `open_app` returned within the block."""
    with ExitStack() as opened:
        token = _containers.set(opened)
        try:
            yield
        finally:
            _containers.reset(token)


def _close(container: "AppContainer") -> None:
    """Cancel running renders and join the render queue's thread.

    An interpreter that exits while another thread is inside torch is aborted (SIGABRT).
    """
    for run in container.rendering.renders.active_runs():
        run.cancel()
    container.rendering.renders.close()
