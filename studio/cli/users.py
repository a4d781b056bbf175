"""`studio users`: who may sign in; from the first one on, everybody must."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import open_app, say

if TYPE_CHECKING:
    from studio.store.users import UserStore

app = typer.Typer(
    no_args_is_help=True, help="Who may sign in; from the first one on, everybody must."
)
Name = Annotated[str, typer.Argument(help="1 to 63 letters.")]


@app.command("list")
def list_users() -> None:
    """The names."""
    for name in _users().names():
        say(name)


@app.command()
def add(name: Name) -> None:
    """Add a user, or give one a new password: asked for, or the first line of the input."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    _users().set_password(name, password)
    say(f"{name} may sign in")


@app.command()
def remove(name: Name) -> None:
    """Take a user out; open sessions end at once."""
    _users().remove(name)
    say(f"{name} may not sign in any more")


def _users() -> "UserStore":
    return open_app().users
