"""What the commands share: what is printed and how, the settings, and the studio itself.

Names, titles, notes and file names come from others: whatever is printed goes through `say` or
`say_json`, so that no control character reaches the terminal.
"""

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

from studio.errors import InvalidInputError
from studio.terminal_text import printable, printable_json, printable_lines

if TYPE_CHECKING:
    from studio.app import AppContainer
    from studio.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Author = Annotated[str, typer.Option(help="Who does it, for the log.", envvar="STUDIO_AUTHOR")]


def author_or_user(author: str) -> str:
    """`author`, or else whoever is logged in to this machine; "" where that is not known either."""
    try:
        return author or getpass.getuser()
    except (KeyError, OSError):
        return ""


def say(text: object, err: bool = False) -> None:
    """Prints one line to the output, or to the errors."""
    typer.echo(printable(str(text)), err=err)


def say_json(document: str, err: bool = False) -> None:
    """Prints JSON; what a terminal would obey stands in it escaped, which means the same."""
    typer.echo(printable_json(document), err=err)


def say_lines(text: str) -> None:
    """Prints a text of several lines that the studio itself has laid out."""
    typer.echo(printable_lines(text))


def confirm(question: str) -> None:
    """Asks, and ends the command unless the answer is yes."""
    typer.confirm(printable(question), abort=True)


def print_table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]], as_json: bool) -> None:
    if as_json:
        say_json(json.dumps([dict(zip(head, row, strict=True)) for row in rows], indent=2))
        return
    lines = [head, *(tuple(printable(str(cell)) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        say("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())


def print_progress(done: int, total: int) -> None:
    """Shows on one line how many of how many are done."""
    typer.echo(f"\r{done} of {total}", err=True, nl=done == total)


def load_settings(**flags: object) -> "Settings":
    from pydantic import ValidationError

    from studio.recipes.base import format_validation_error
    from studio.settings import Settings

    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidInputError(
            "cli.setting_invalid", reason=format_validation_error(error)
        ) from None


def open_app() -> "AppContainer":
    """The studio that the settings speak of; it is closed when the command ends, however it ends."""
    from studio.app import create_app_container

    studio = create_app_container(load_settings())
    if (opened := _OPENED.get()) is not None:
        opened.callback(_close, studio)
    return studio


_OPENED: ContextVar[ExitStack | None] = ContextVar("opened", default=None)


@contextmanager
def closing() -> Iterator[None]:
    """Closes at its end whatever studio `here` has opened within."""
    with ExitStack() as opened:
        token = _OPENED.set(opened)
        try:
            yield
        finally:
            _OPENED.reset(token)


def _close(studio: "AppContainer") -> None:
    """Stops what is drawn and waits for the lane's thread: an interpreter that ends while another thread
    is in torch is aborted (SIGABRT)."""
    for run in studio.renders.active_runs():
        run.cancel()
    studio.renders.close()
