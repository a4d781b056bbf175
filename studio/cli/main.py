"""The command `studio`: its commands and groups, and how errors end it.

A command imports what it needs when it runs: `studio --help` loads no heavy library.
"""

import os
import sys
from typing import NoReturn

import typer

from studio.cli.api_clients import app as api_clients
from studio.cli.backup import backup, restore
from studio.cli.base_images import app as base_images
from studio.cli.blind_tests import app as blind_tests
from studio.cli.models import app as models
from studio.cli.moderation import app as moderation
from studio.cli.output import close_containers_on_exit, print_json, print_line
from studio.cli.render import render
from studio.cli.servers import api, run, serve, ui, worker
from studio.cli.sweep import sweep
from studio.cli.themes import app as themes
from studio.cli.tuning import app as tuning
from studio.cli.users import app as users
from studio.errors import StudioError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The Doodle Theme Studio: tune, compare and deploy themes that turn doodles into images.",
)
app.command()(ui)
app.command()(api)
app.command()(worker)
app.command()(render)
app.command()(sweep)
app.command()(backup)
app.command()(restore)
app.add_typer(themes, name="themes")
app.add_typer(tuning, name="tuning")
app.add_typer(blind_tests, name="blind-tests")
app.add_typer(base_images, name="base-images")
app.add_typer(models, name="models")
app.add_typer(moderation, name="moderation")
app.add_typer(api_clients, name="api-keys")
app.add_typer(users, name="users")
# Deprecated aliases.
app.command(hidden=True)(run)
app.command(hidden=True)(serve)


def main() -> NoReturn:
    """The console script: prints a StudioError as one line and exits with its exit code.

    With STUDIO_ERRORS=json the line is the error's message as JSON. The web UI sets it for the
    commands that it runs (`services/model_downloads.py`), to show the error in the reader's
    language.
    """
    try:
        with close_containers_on_exit():
            app()
    except StudioError as error:
        if os.environ.get("STUDIO_ERRORS") == "json":
            print_json(error.message.to_json(), err=True)
        else:
            print_line(f"studio: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    main()
