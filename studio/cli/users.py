"""`studio users`: accounts of the web UI; as soon as there is one, sign-in is required."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import open_app, print_line

if TYPE_CHECKING:
    from studio.store.users import UserStore

app = typer.Typer(
    no_args_is_help=True, help="Manage users; as soon as there is one, sign-in is required."
)
Name = Annotated[str, typer.Argument(help="User name, 1 to 63 characters.")]


@app.command("list")
def list_users() -> None:
    """List the user names."""
    for name in _users().names():
        print_line(name)


@app.command()
def add(name: Name) -> None:
    """Create a user or set a password (prompted, or first line of stdin)."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    _users().set_password(name, password)
    print_line(f"{name} can sign in")


@app.command()
def remove(name: Name) -> None:
    """Delete a user; ends all of their sessions."""
    _users().remove(name)
    print_line(f"{name} can no longer sign in")


def _users() -> "UserStore":
    return open_app().stores.users
